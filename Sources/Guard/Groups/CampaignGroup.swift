import Model
import Policy

/// A group as events name it, with the number of its campaigns.
package struct GroupLabel: Hashable, Sendable, Codable {
    /// The label's name, or `pool`.
    package var by: String
    package var value: String
    package var campaigns: Int
    /// The campaigns with complete data, over which the rule sums.
    package var counted: Int

    /// In fields and for log scrapers: `team=sales`.
    package var text: String { "\(by)=\(value)" }

    package init(by: String, value: String, campaigns: Int, counted: Int) {
        (self.by, self.value, self.campaigns, self.counted) = (by, value, campaigns, counted)
    }
}

/// One rule on one group: the campaigns, what each adds to the sums, and the rule's state.
struct CampaignGroup: Sendable {
    /// The rule's index in the policy.
    let ruleIndex: Int
    let rule: Rule
    let value: String
    /// The indexes of the campaigns in the policy.
    let campaigns: [Int]
    private let columns: GroupColumns
    /// What each campaign adds and when it was sampled, in the order of ``campaigns``; nil while unknown.
    private var shares: [(share: GroupShare, at: Instant)?]
    private(set) var sums: GroupSums
    var state = RuleState()
    /// The campaigns whose pause a dry run has reported in this firing.
    private var reported: Set<Int> = []

    init(_ rule: Rule, _ ruleIndex: Int, value: String, campaigns: [Int]) {
        (self.rule, self.ruleIndex, self.value, self.campaigns) = (rule, ruleIndex, value, campaigns)
        columns = GroupColumns(rule)
        shares = Array(repeating: nil, count: campaigns.count)
        sums = GroupSums(columns, nil, of: (campaigns.count, 0))
    }

    var label: GroupLabel {
        GroupLabel(
            by: rule.grouping?.text ?? "", value: value, campaigns: sums.campaigns.all, counted: sums.campaigns.counted)
    }

    /// Notes the newest sample of one of the campaigns.
    mutating func note(_ campaign: Int, _ figures: CampaignFigures, sampledAt: Instant) {
        guard let place = campaigns.firstIndex(of: campaign) else { return }
        shares[place] = share(figures).map { ($0, sampledAt) }
    }

    /// Sums the campaigns whose samples are not stale.
    ///
    /// - Parameter awaited: the campaigns without which the sums are unknown.
    mutating func sum(awaiting awaited: Set<Int>, staleAfter: Duration, at now: Instant) {
        var counted: [GroupShare] = []
        var isComplete = true
        for (campaign, known) in zip(campaigns, shares) {
            if let known, now - known.at <= staleAfter {
                counted.append(known.share)
            } else if awaited.contains(campaign) {
                isComplete = false
            }
        }
        sums = isComplete ? sums(of: counted) : GroupSums(columns, nil, of: (campaigns.count, counted.count))
    }

    /// Updates the rule's state with the result of its condition.
    mutating func observe(_ truth: Truth, maxGap: Duration, at now: Instant) -> RuleState.Change? {
        let change = state.observe(RuleState.Outcome(truth), at: now, for: rule.forClause, maxGap: maxGap)
        if !state.isFiring { reported = [] }
        return change
    }

    /// True once per firing for each campaign.
    mutating func reportsDryRun(of campaign: Int) -> Bool { reported.insert(campaign).inserted }

    private func sums(of shares: [GroupShare]) -> GroupSums {
        var total = GroupShare.none(columns)
        for share in shares { total.add(share) }
        return GroupSums(columns, shares.isEmpty ? nil : total, of: (campaigns.count, shares.count))
    }

    /// What the figures add to the rule's sums; nil if they are not complete.
    func share(_ figures: CampaignFigures) -> GroupShare? {
        let share = figures.share(columns)
        return share.isUnknown(columns) ? nil : share
    }

    func evaluate(_ sums: GroupSums, wallTime: Instant) -> Evaluation {
        rule.condition.evaluate(GroupReadings(sums: sums, wallTime: wallTime))
    }

    /// The campaigns to pause, worst first: as many as needed for the others not to breach.
    ///
    /// The worst campaign is the one whose removal moves the deciding value of the others furthest out of the breach.
    ///
    /// - Parameter running: what each running campaign adds.
    func offenders(_ running: [(campaign: Int, share: GroupShare)], wallTime: Instant) -> [Int] {
        func evaluate(without out: Set<Int>) -> Evaluation {
            self.evaluate(
                sums(of: running.filter { !out.contains($0.campaign) }.map(\.share)), wallTime: wallTime)
        }
        let evaluation = evaluate(without: [])
        guard evaluation.truth == .yes else { return [] }
        guard rule.offenders == .worst, let finding = evaluation.decisive else { return running.map(\.campaign) }
        let isRising = finding.comparison.comparison.isRising
        func remainder(_ campaign: Int) -> Double {
            let findings = evaluate(without: [campaign]).findings
            let value = findings.first { $0.comparison == finding.comparison }?.left ?? (isRising ? 0 : .infinity)
            return isRising ? value : -value
        }
        let ranked = running.map { ($0.campaign, remainder($0.campaign)) }.sorted { ($0.1, $0.0) < ($1.1, $1.0) }
        var paused: [Int] = []
        for (campaign, _) in ranked {
            paused.append(campaign)
            if evaluate(without: Set(paused)).truth != .yes { break }
        }
        return paused
    }
}

extension CampaignFigures {
    /// What the campaign adds to a group.
    func share(_ columns: GroupColumns) -> GroupShare {
        GroupShare(
            counters: columns.counters.isEmpty ? .zero : currentCounters,
            queued: columns.readsQueued ? value(of: .platform(.queued)) : 0,
            increases: columns.increases.map { column in
                guard let increase = increase(of: column.counter, over: column.window) else {
                    return GroupShare.Growth(amount: .nan, hours: .nan)
                }
                return GroupShare.Growth(amount: increase.amount, hours: increase.covered.seconds / 3600)
            })
    }
}
