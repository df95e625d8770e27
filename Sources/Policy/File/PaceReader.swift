import Model
import Yams

/// Reads `poll:`, `stale_after:` and `max_gap:`, and fits the poll intervals into the request budget.
struct PaceReader {
    struct Pace {
        var poll: PollSettings
        var staleAfter: Duration
        var maxGap: Duration
    }

    /// The part of the budget that polls are planned with; the rest is for actions and the requests before them.
    static let plannedShare = 0.9
    private static let interval: ClosedRange<Duration> = .milliseconds(50)...(.seconds(86400))

    let reader: FieldReader

    init(_ reader: FieldReader) {
        self.reader = reader
    }

    func pace(
        _ fields: Fields, workspaces: [Located<Workspace>], campaigns: [Located<CampaignEntry>], rules: [LocatedRule],
        pools: [Located<PoolBinding>]
    ) -> Pace? {
        let parts = fields["poll"].flatMap {
            reader.fields($0, of: "poll", known: ["stats", "pools", "accounts", "budget", "timeout"])
        }
        func duration(_ key: String, _ fallback: Duration, _ range: ClosedRange<Duration>) -> Duration {
            parts?[key].flatMap { reader.duration($0, "poll.\(key)", in: range) } ?? fallback
        }
        func interval(_ key: String) -> PollInterval {
            parts?[key].flatMap { pollInterval($0, "poll.\(key)") } ?? PollInterval(.seconds(60))
        }
        var poll = PollSettings(
            stats: interval("stats"), pools: interval("pools"),
            accounts: duration("accounts", .seconds(600), PaceReader.interval),
            budget: parts?["budget"].flatMap { budget($0) } ?? RequestBudget(requests: 120, per: .seconds(60)),
            timeout: duration("timeout", .seconds(10), .milliseconds(100)...(.seconds(300))),
            statsInterval: .zero, statsPerSecond: 0)
        let needsAccounts = rules.contains { $0.rule.sources.contains(.accounts) }
        let node = parts?["budget"] ?? parts?["stats"] ?? fields["campaigns"] ?? fields.node
        poll.extraRequests = extraRequests(workspaces, campaigns, rules)
        guard let fitted = fit(poll, campaigns: campaigns.count, accounts: needsAccounts, node) else { return nil }
        (poll.statsInterval, poll.statsPerSecond) = fitted
        checkRosters(poll, pools, node)
        return Pace(
            poll: poll, staleAfter: staleAfter(fields, poll.statsInterval), maxGap: maxGap(fields, poll.statsInterval))
    }

    /// One duration, or a range.
    private func pollInterval(_ node: Node, _ name: String) -> PollInterval? {
        guard node.mapping != nil else {
            return reader.duration(node, name, in: PaceReader.interval).map { PollInterval($0) }
        }
        guard let parts = reader.fields(node, of: name, known: ["min", "max"]) else { return nil }
        guard let shortest = parts["min"], let longest = parts["max"] else {
            reader.error(
                "\(name) has no '\(parts["min"] == nil ? "min" : "max")'",
                help: "write {min: 10s, max: 90s}, or one duration", at: node)
            return nil
        }
        guard let min = reader.duration(shortest, "\(name).min", in: PaceReader.interval),
            let max = reader.duration(longest, "\(name).max", in: PaceReader.interval)
        else { return nil }
        if min > max {
            reader.error("\(name).min is longer than \(name).max", help: "swap them", at: shortest)
            return nil
        }
        return PollInterval(min: min, max: max)
    }

    private func budget(_ node: Node) -> RequestBudget? {
        guard let text = reader.text(node, "poll.budget") else { return nil }
        let units: [String: Duration] = ["s": .seconds(1), "min": .seconds(60), "h": .seconds(3600)]
        let parts = text.split(separator: "/", maxSplits: 1).map { $0.trimmingSpaces }
        guard parts.count == 2, let requests = Int(parts[0]), (1...1_000_000).contains(requests),
            let per = units[parts[1]]
        else {
            reader.error(
                "poll.budget '\(text.prefix(40))' is not a rate", help: "for example 120/min, 10/s or 3600/h", at: node
            )
            return nil
        }
        return RequestBudget(requests: requests, per: per)
    }

    /// How many campaigns have a rule on a counter that costs a request of its own.
    private func extraRequests(
        _ workspaces: [Located<Workspace>], _ campaigns: [Located<CampaignEntry>], _ rules: [LocatedRule]
    ) -> ExtraRequests {
        var readers: [WorkspaceName: [LocatedRule]] = [:]
        for workspace in workspaces.map(\.entry) {
            readers[workspace.name] = rules.filter {
                !workspace.provider.extras(among: $0.rule.extraCounters).isEmpty
            }
        }
        let needing = campaigns.map(\.entry).count { campaign in
            readers[campaign.workspace]?.contains { $0.isEvaluated(on: campaign) } ?? false
        }
        return ExtraRequests(ofCampaigns: needing, campaigns: campaigns.count)
    }

    /// The stats interval that the budget allows, at least the policy's own, and the stats requests per second that it
    /// leaves.
    private func fit(
        _ poll: PollSettings, campaigns: Int, accounts: Bool, _ node: Node
    ) -> (interval: Duration, perSecond: Double)? {
        let planned = poll.budget.perSecond * PaceReader.plannedShare
        let others = 1 / poll.pools.min.seconds + (accounts ? 1 / poll.accounts.seconds : 0)
        guard planned > others else {
            reader.error(
                "poll.budget is too small to poll pools and accounts",
                help: "allow at least \(Int((others * 60 / PaceReader.plannedShare).rounded(.up)) + 1)/min", at: node)
            return nil
        }
        let room = planned - others
        let asked = poll.stats.max
        let needed = Double(campaigns) / asked.seconds
        let extras = poll.extraRequests
        guard needed + extras.perSecond(polls: needed) > room else { return (asked, extras.polls(within: room)) }
        let perSecond = extras.polls(within: room)
        let seconds = Double(campaigns) / perSecond
        let interval: Duration =
            seconds >= 1 ? .seconds(seconds.rounded(.up)) : .milliseconds((seconds * 1000).rounded(.up))
        let enough = Int(
            ((needed + extras.perSecond(polls: needed) + others) * 60 / PaceReader.plannedShare).rounded(.up))
        let wanted =
            poll.stats.isFixed
            ? interval.policyText : "{min: \(poll.stats.min.policyText), max: \(interval.policyText)}"
        reader.warning(
            "poll.budget is too small to poll \(campaigns) campaigns every \(asked.policyText)"
                + (extras.isNone ? "" : ", and to read replies for 'unsubscribed'")
                + ": each is polled every \(interval.policyText)",
            help: "allow \(enough)/min, or write poll: {stats: \(wanted)}", at: node)
        return (interval, perSecond)
    }

    /// The fewest requests per poll of a named pool: one for the pool, one for its members.
    private static let requestsPerRoster = 2.0

    /// Each workspace has its own budget; its named pools must fit into it.
    private func checkRosters(_ poll: PollSettings, _ pools: [Located<PoolBinding>], _ node: Node) {
        let planned = poll.budget.perSecond * PaceReader.plannedShare
        for (workspace, pools) in Dictionary(grouping: pools, by: \.entry.workspace).sorted(by: { $0.key < $1.key }) {
            let needed = Double(pools.count) * PaceReader.requestsPerRoster / poll.pools.max.seconds
            guard needed > planned else { continue }
            reader.error(
                "poll.budget is too small for the \(pools.count) pools of workspace '\(workspace)'",
                help: "allow at least \(Int((needed * 60 / PaceReader.plannedShare).rounded(.up)))/min, or poll pools "
                    + "less often", at: node)
        }
    }

    private func staleAfter(_ fields: Fields, _ interval: Duration) -> Duration {
        let least = interval * 3
        guard let node = fields["stale_after"],
            let value = reader.duration(node, "stale_after", in: .milliseconds(100)...(.seconds(7 * 86400)))
        else { return max(.seconds(300), least) }
        if value < least {
            reader.error(
                "stale_after is shorter than three polls: one slow response would make every rule unknown",
                help: "campaigns are polled every \(interval.policyText): write at least \(least.policyText)", at: node)
        }
        return value
    }

    private func maxGap(_ fields: Fields, _ interval: Duration) -> Duration {
        guard let node = fields["max_gap"],
            let value = reader.duration(node, "max_gap", in: .milliseconds(50)...(.seconds(7 * 86400)))
        else { return interval * 3 }
        if value < interval {
            reader.error(
                "max_gap is shorter than the poll interval: no time would count towards a rule's 'for'",
                help: "campaigns are polled every \(interval.policyText): write at least \(interval.policyText)",
                at: node)
        }
        return value
    }
}
