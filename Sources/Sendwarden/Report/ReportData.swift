import Guard
import Ledger
import Model
import Policy

/// The contents of a report, read from the ledger.
struct ReportData {
    struct Mark: Hashable {
        enum Kind: String, CaseIterable {
            case paused, wouldPause, resumed, override, probationPassed, relapsed, started, order
        }

        var at: Instant
        var kind: Kind
        var text: String
    }

    struct Campaign {
        var id: CampaignID
        var name: String?
        /// The bounce rate within ``window``, at the times that the chart shows.
        var rates: [(at: Instant, rate: Double)]
        var window: Duration
        /// The rate above which ``rule`` fires; nil if no rule watches the rate.
        var limit: Double?
        var rule: String?
        /// Periods in which Sendwarden had paused it, as recorded in the ledger.
        var pauses: [ClosedRange<Instant>]
        var probations: [ClosedRange<Instant>]
        var marks: [Mark]
        var sent: Int
        /// The emails sent since the campaign began; nil if unknown.
        var sentInTotal: Int?
        var bounced: Int
        var resolved: Int
    }

    struct Pool {
        var id: PoolID
        var samples: [PoolVolumeSample]
        /// Events about its members, oldest first.
        var story: [HistoryEntry]
    }

    struct Decision {
        var decided: DecisionRecord
        var name: String?
    }

    struct Launch {
        var id: CampaignID
        var name: String?
        /// Its events, oldest first; they contain the reasons.
        var story: [HistoryEntry]
    }

    var workspace: String
    var from: Instant
    var until: Instant
    var campaigns: [Campaign]
    /// The number of campaigns that are not shown.
    var quiet: Int
    /// In the order of their first events.
    var launches: [Launch]
    var pools: [Pool]
    var decisions: [Decision]
    var counts: [EventKind: Int]

    /// The number of points of a chart's line.
    private static let points = 240

    init(
        _ ledger: any LedgerQueries, _ workspace: String, _ policy: CheckedPolicy?, from: Instant, until: Instant,
        limit: Int
    ) async throws(LedgerError) {
        self.workspace = workspace
        // The chart starts at the ledger's first entry if that is later.
        let from = max(from, min(try await ledger.span(workspace)?.lowerBound ?? from, until - .seconds(60)))
        (self.from, self.until) = (from, until)
        var filter = HistoryFilter(limit: HistoryFilter.limitMax)
        (filter.since, filter.until) = (from, until)
        let events = try await ledger.history(workspace, filter)
        counts = [:]
        for event in events { if let kind = EventKind(rawValue: event.event) { counts[kind, default: 0] += 1 } }
        let ofCampaign = Dictionary(grouping: events) { $0.campaign ?? "" }
        decisions = try await ledger.decisions(workspace, since: from).filter { $0.at <= until }.map { decided in
            let name = ofCampaign[decided.campaign?.text ?? " "]?.compactMap { $0.fields["SENDWARDEN_CAMPAIGN_NAME"] }
                .last
            return Decision(decided: decided, name: name)
        }
        let ids = try await ledger.campaigns(workspace)
        let storied: (CampaignID) -> Int = { id in
            (ofCampaign[id.text] ?? []).count { ReportData.markKind($0) != nil }
        }
        let sorted = ids.enumerated().sorted {
            (storied($1.element), $0.offset) < (storied($0.element), $1.offset)
        }.map(\.element)
        var campaigns: [Campaign] = []
        for id in sorted.prefix(limit) {
            let watched = policy.flatMap { policy in policy.campaign(id).flatMap(policy.watchedRate) }
            let window = watched?.window ?? .seconds(86400)
            let samples = try await ledger.samples(of: id, workspace, since: from - window).filter { $0.at <= until }
            campaigns.append(
                ReportData.campaign(
                    id, samples, ofCampaign[id.text] ?? [], window, watched, policy, from: from, until: until))
        }
        self.campaigns = campaigns
        quiet = max(0, sorted.count - limit)
        launches = ReportData.launches(events, policy)
        let ofPool = Dictionary(grouping: events.filter { $0.event.hasPrefix("sender.") }) {
            $0.fields["SENDWARDEN_POOL"] ?? ""
        }
        pools = try await ledger.pools(workspace, since: from).map { id, samples in
            Pool(id: id, samples: samples.filter { $0.at <= until }, story: ofPool[id.text] ?? [])
        }.filter { $0.samples.count > 1 || !$0.story.isEmpty }.sorted { $0.id < $1.id }
    }

    private static func launches(_ events: [HistoryEntry], _ policy: CheckedPolicy?) -> [Launch] {
        var launches: [Launch] = []
        for event in events where event.event.hasPrefix("launch.") {
            guard let id = event.campaign.flatMap({ CampaignID($0) }) else { continue }
            if let index = launches.firstIndex(where: { $0.id == id }) {
                launches[index].story.append(event)
            } else {
                let name = policy?.campaign(id)?.name ?? event.fields["SENDWARDEN_CAMPAIGN_NAME"]
                launches.append(Launch(id: id, name: name, story: [event]))
            }
        }
        return launches
    }

    private static func markKind(_ event: HistoryEntry) -> Mark.Kind? {
        switch EventKind(rawValue: event.event) {
        case .campaignPaused: event.fields["SENDWARDEN_MODE"] == "observe" ? .wouldPause : .paused
        case .campaignResumed: .resumed
        case .campaignOverride: .override
        case .campaignProbationPassed: .probationPassed
        case .campaignRelapsed: .relapsed
        case .launchReleased, .launchUnapproved: .started
        case .orderAccepted: .order
        default: nil
        }
    }

    private static func campaign(
        _ id: CampaignID, _ samples: [(at: Instant, stats: CampaignStats)], _ events: [HistoryEntry],
        _ window: Duration, _ watched: WatchedRate?, _ policy: CheckedPolicy?, from: Instant,
        until: Instant
    ) -> Campaign {
        let marks = events.compactMap { event in
            markKind(event).map { Mark(at: event.at, kind: $0, text: event.message) }
        }
        var pauses: [ClosedRange<Instant>] = []
        var probations: [ClosedRange<Instant>] = []
        var (pausedAt, probationAt): (Instant?, Instant?) = (nil, nil)
        for (event, mark) in zip(events.filter { markKind($0) != nil }, marks) {
            switch mark.kind {
            case .paused:
                pausedAt = pausedAt ?? mark.at
                if let start = probationAt { probations.append(start...mark.at) }
                probationAt = nil
            case .resumed, .override:
                // A pause that began before the period starts with it.
                pauses.append((pausedAt ?? from)...mark.at)
                pausedAt = nil
                if event.fields[JournalField.probation.rawValue] != nil { probationAt = mark.at }
            case .probationPassed, .relapsed:
                if let start = probationAt { probations.append(start...mark.at) }
                probationAt = nil
            case .wouldPause, .started, .order: break
            }
        }
        if let pausedAt { pauses.append(pausedAt...until) }
        if let probationAt { probations.append(probationAt...until) }
        // Growth counts from the last sample before the period, if there is one.
        let first = (samples.last { $0.at <= from } ?? samples.first)?.stats
        let last = samples.last?.stats
        func grown(_ path: (CampaignStats) -> Int?) -> Int {
            max(0, (last.flatMap(path) ?? 0) - (first.flatMap(path) ?? 0))
        }
        return Campaign(
            id: id,
            name: policy?.campaign(id)?.name ?? events.compactMap { $0.fields["SENDWARDEN_CAMPAIGN_NAME"] }.last,
            rates: rates(samples, window, from: from, until: until), window: window, limit: watched?.limit,
            rule: watched?.rule, pauses: pauses, probations: probations, marks: marks, sent: grown(\.sent),
            sentInTotal: last?.sent,
            bounced: grown(\.bounced), resolved: grown(\.resolved))
    }

    /// The rate within the window at evenly spaced times; omits times without resolved emails.
    private static func rates(
        _ samples: [(at: Instant, stats: CampaignStats)], _ window: Duration, from: Instant, until: Instant
    ) -> [(at: Instant, rate: Double)] {
        let known = samples.filter { $0.stats.bounced != nil && $0.stats.resolved != nil }
        guard known.count > 1, until > from else { return [] }
        var rates: [(at: Instant, rate: Double)] = []
        var (head, tail) = (0, 0)
        for step in 0...points {
            let at = from + (until - from) * step / points
            while head + 1 < known.count, known[head + 1].at <= at { head += 1 }
            while tail < head, known[tail + 1].at <= at - window { tail += 1 }
            guard known[head].at <= at, head > tail else { continue }
            let (new, old) = (known[head].stats, known[tail].stats)
            let resolved = (new.resolved ?? 0) - (old.resolved ?? 0)
            let bounced = (new.bounced ?? 0) - (old.bounced ?? 0)
            if resolved > 0, bounced >= 0 { rates.append((at, Double(bounced) / Double(resolved))) }
        }
        return rates
    }
}
