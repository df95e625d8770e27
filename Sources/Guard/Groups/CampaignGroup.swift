import Model
import Policy

/// One rule on one group: the campaigns, what each adds to the sums, and the rule's state.
struct CampaignGroup: Sendable {
    /// What the group needs to know of one campaign.
    struct Member: Sendable {
        /// Nil while its data is not complete.
        var share: GroupShare?
        var sampledAt: Instant
        /// True if the sums are unknown without it.
        var isAwaited: Bool
        /// From when the rule may pause it; nil if it may not.
        var mayPauseFrom: Instant?
    }

    /// The rule's index in the policy.
    let ruleIndex: Int
    let rule: Rule
    let value: String
    /// The indexes of the campaigns in the policy, in ascending order.
    let campaigns: [Int]
    let columns: GroupColumns
    /// True if the rule reads a counter that some platform reports only in a response of its own.
    let readsExtras: Bool
    /// The campaigns that are counted, by their place in ``campaigns``.
    private var counted: ShareTree
    /// Those of the counted campaigns that the rule may pause; empty if it pauses none.
    private var running: ShareTree
    private var awaited: Set<Int> = []
    /// The awaited campaigns that are not counted.
    private var lacking: Set<Int> = []
    /// The campaigns that the rule may pause.
    private var pausable: Set<Int> = []
    /// When the mutes that exempt campaigns from the rule end, by the campaigns' places.
    private var muted: [Int: Instant] = [:]
    private(set) var sums: GroupSums
    var state = RuleState()
    private(set) var gap: DataGap?
    /// The places of the campaigns whose pause a dry run has reported in this firing.
    private var reported: Set<Int> = []

    init(_ rule: Rule, _ ruleIndex: Int, value: String, campaigns: [Int]) {
        (self.rule, self.ruleIndex, self.value, self.campaigns) = (rule, ruleIndex, value, campaigns)
        columns = GroupColumns(rule)
        readsExtras = !rule.extraCounters.isEmpty
        counted = ShareTree(columns, places: campaigns.count)
        running = ShareTree(columns, places: rule.action == .pause ? campaigns.count : 0)
        sums = GroupSums(ruleIndex, columns, nil)
    }

    var label: GroupLabel {
        GroupLabel(by: rule.grouping?.text ?? "", value: value, campaigns: campaigns.count, counted: counted.count)
    }

    /// The campaigns without whose data the sums are unknown, in policy order.
    var lackingCampaigns: [Int] { lacking.sorted().map { campaigns[$0] } }

    var pauses: Bool { rule.action == .pause }

    // MARK: Campaigns

    /// Notes the present state of one of the campaigns.
    mutating func note(_ campaign: Int, _ member: Member, at now: Instant) {
        guard let place = place(of: campaign) else { return }
        if member.share != nil || counted.isCounted(place) { counted.set(place, member.share, at: member.sampledAt) }
        if member.isAwaited { awaited.insert(place) } else { awaited.remove(place) }
        fileLacking(place)
        let mayPause = member.mayPauseFrom.map { $0 <= now } ?? false
        if mayPause { pausable.insert(place) } else { pausable.remove(place) }
        muted[place] = mayPause ? nil : member.mayPauseFrom
        fileRunning(place)
    }

    private func place(of campaign: Int) -> Int? {
        var (low, high) = (0, campaigns.count)
        while low < high {
            let middle = (low + high) / 2
            if campaigns[middle] < campaign { low = middle + 1 } else { high = middle }
        }
        return low < campaigns.count && campaigns[low] == campaign ? low : nil
    }

    private mutating func fileRunning(_ place: Int) {
        guard pauses else { return }
        let share = pausable.contains(place) && !reported.contains(place) ? counted[place] : nil
        if share != nil || running.isCounted(place) { running.set(place, share) }
    }

    private mutating func fileLacking(_ place: Int) {
        if awaited.contains(place), !counted.isCounted(place) { lacking.insert(place) } else { lacking.remove(place) }
    }

    /// The campaigns whose mutes are over and that have to be noted again.
    func unmuted(at now: Instant) -> [Int] {
        muted.isEmpty ? [] : muted.filter { $0.value <= now }.keys.sorted().map { campaigns[$0] }
    }

    /// Sums the campaigns whose samples are not stale; unknown while one is awaited.
    mutating func sum(staleAfter: Duration, at now: Instant) {
        while let place = counted.place(before: now - staleAfter) {
            counted.set(place, nil)
            fileRunning(place)
            fileLacking(place)
        }
        sums = GroupSums(ruleIndex, columns, lacking.isEmpty ? counted.total : nil)
    }

    // MARK: The rule

    /// Updates the rule's state with the result of its condition.
    mutating func observe(_ truth: Truth, maxGap: Duration, at now: Instant) -> RuleState.Change? {
        let change = state.observe(RuleState.Outcome(truth), at: now, for: rule.forClause, maxGap: maxGap)
        if !state.isFiring, !reported.isEmpty {
            let spared = reported
            reported = []
            for place in spared { fileRunning(place) }
        }
        return change
    }

    /// Notes that a dry run reported the campaign's pause: for the rest of this firing, it counts as paused.
    mutating func noteDryRun(of campaign: Int) {
        guard let place = place(of: campaign) else { return }
        reported.insert(place)
        fileRunning(place)
    }

    func evaluate(_ share: GroupShare?, wallTime: Instant) -> Evaluation {
        rule.condition.evaluate(GroupReadings(sums: GroupSums(ruleIndex, columns, share), wallTime: wallTime))
    }

    /// The condition on the sums.
    func evaluate(wallTime: Instant) -> Evaluation {
        rule.condition.evaluate(GroupReadings(sums: sums, wallTime: wallTime))
    }

    /// The condition on what the campaign alone adds.
    func evaluate(_ campaign: Int, wallTime: Instant) -> Evaluation {
        evaluate(place(of: campaign).flatMap { counted[$0] }, wallTime: wallTime)
    }

    /// The running campaigns that the rule pauses, in policy order; none unless the running ones breach.
    ///
    /// Either all, or the worst: as many as needed for the others not to breach. The worst campaign is the one whose
    /// removal moves the deciding value of the others furthest out of the breach.
    func offenders(wallTime: Instant) -> [Int] {
        let evaluation = evaluate(running.total, wallTime: wallTime)
        guard evaluation.truth == .yes else { return [] }
        let places = campaigns.indices.filter { running.isCounted($0) }
        guard rule.offenders == .worst, let finding = evaluation.decisive else { return places.map { campaigns[$0] } }
        let isRising = finding.comparison.comparison.isRising
        func remainder(_ place: Int) -> Double {
            let rest = GroupSums(ruleIndex, columns, running.count > 1 ? running.total(without: place) : nil)
            let value = finding.comparison.left.value(GroupReadings(sums: rest, wallTime: wallTime))
            return isRising ? value ?? 0 : -(value ?? .infinity)
        }
        let ranked = places.map { ($0, remainder($0)) }.sorted { ($0.1, $0.0) < ($1.1, $1.0) }
        var rest = running
        var paused: [Int] = []
        for (place, _) in ranked {
            paused.append(place)
            rest.set(place, nil)
            if evaluate(rest.total, wallTime: wallTime).truth != .yes { break }
        }
        return paused.sorted().map { campaigns[$0] }
    }

    /// The running campaigns with data, in policy order.
    var runningCampaigns: [Int] { campaigns.indices.filter { running.isCounted($0) }.map { campaigns[$0] } }

    // MARK: Missing data

    /// A change to report.
    enum GapChange: Hashable, Sendable {
        case lost(DataGap)
        case restored(DataGap)
    }

    /// Notes whether the sums are known; returns a change to report.
    mutating func observeGap(reportAfter limit: Duration, at now: Instant) -> GapChange? {
        guard var gap else {
            if !lacking.isEmpty { self.gap = DataGap(since: now) }
            return nil
        }
        guard !lacking.isEmpty else {
            // Stopped campaigns send nothing, so their missing data is neither reported nor taken as restored.
            guard counted.count > 0 else { return nil }
            self.gap = nil
            return gap.isReported ? .restored(gap) : nil
        }
        guard !gap.isReported, now - gap.since >= limit else { return nil }
        gap.isReported = true
        self.gap = gap
        return .lost(gap)
    }

    // MARK: Storage

    /// True if the group has anything to store.
    var hasMemory: Bool { gap != nil || state != RuleState() }

    /// Continues from an earlier state of the same rule on the same group.
    mutating func resume(_ memory: GroupMemory, at now: Instant?) {
        state = now.map { memory.rule.state.clamped(to: $0) } ?? memory.rule.state
        gap = now.flatMap { now in memory.gap.map { $0.clamped(to: now) } } ?? memory.gap
    }
}
