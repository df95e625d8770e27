import Guard
import Ledger
import Model
import Pages
import Policy

/// The contents of a report, read from the ledger.
struct ReportData {
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
    var campaigns: [CampaignSeries]
    /// The number of campaigns that are not shown.
    var quiet: Int
    /// In the order of their first events.
    var launches: [Launch]
    var pools: [Pool]
    var decisions: [Decision]
    var counts: [EventKind: Int]

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
            (ofCampaign[id.text] ?? []).count { CampaignSeries.Mark.Kind($0) != nil }
        }
        let sorted = ids.enumerated().sorted {
            (storied($1.element), $0.offset) < (storied($0.element), $1.offset)
        }.map(\.element)
        var campaigns: [CampaignSeries] = []
        for id in sorted.prefix(limit) {
            let watched = policy.flatMap { policy in policy.campaign(id).flatMap(policy.watchedRate) }
            let window = watched?.window ?? .seconds(86400)
            let samples = try await ledger.samples(of: id, workspace, since: from - window).filter { $0.at <= until }
            let events = ofCampaign[id.text] ?? []
            campaigns.append(
                CampaignSeries(
                    id, policy?.campaign(id)?.name, samples, events, window, limit: watched?.limit, rule: watched?.rule,
                    from: from, until: until))
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
}
