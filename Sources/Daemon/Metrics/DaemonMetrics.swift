import Guard
import Journal
import Model
import Policy
import Reporting

/// Renders all metrics, with names that follow Prometheus's conventions.
enum DaemonMetrics {
    static func text(
        _ status: GuardStatus, _ telemetry: Telemetry, policy: CheckedPolicy, startedAt: Instant, ledgerBytes: Int?,
        journal: Journal.Tally
    ) -> String {
        var text = MetricsText()
        text.family("sendwarden_build_info", .gauge, "The running version; always 1.")
        text.sample("sendwarden_build_info", 1, ["version": Version.current])
        text.gauge(
            "sendwarden_start_time_seconds", "When the daemon started, in seconds since 1970.",
            Double(startedAt.milliseconds) / 1000)
        text.gauge(
            "sendwarden_enforcing", "1 in enforce mode, 0 in observe mode.",
            policy.mode == .enforce ? 1 : 0)
        text.gauge(
            "sendwarden_api_healthy", "1 if the API of every workspace is healthy.", flag(status.apiTrouble == nil)
        )
        text.family(
            "sendwarden_workspace_api_healthy", .gauge, "1 if the workspace's API is healthy.",
            status.workspaces, labels: { ["workspace": $0.name.text, "provider": $0.provider] },
            value: { flag($0.apiTrouble == nil) })
        text.gauge(
            "sendwarden_api_budget_requests_per_second", "The request budget from the policy.",
            policy.poll.budget.perSecond)
        text.gauge(
            "sendwarden_poll_interval_seconds", "The longest interval between two polls of a campaign's stats.",
            policy.poll.statsInterval.seconds)
        addRequests(telemetry, &text)
        text.family(
            "sendwarden_events_total", .counter, "Events since the start, by event name.", EventKind.allCases,
            labels: { ["event": $0.rawValue] },
            value: { Double($0 == .journalDropped ? journal.summaries : telemetry.events[$0] ?? 0) })
        text.family(
            "sendwarden_journal_dropped_total", .counter,
            "Log entries dropped because the log reader did not take them.")
        text.sample("sendwarden_journal_dropped_total", Double(journal.dropped))
        addCampaigns(status, &text)
        addRules(status, &text)
        addGroupRules(status, &text)
        addPools(status, &text)
        text.gauge(
            "sendwarden_ledger_failing", "1 if the ledger cannot be written at present.", flag(status.isLedgerFailing))
        text.family("sendwarden_ledger_write_failures_total", .counter, "Failed writes to the ledger.")
        text.sample("sendwarden_ledger_write_failures_total", Double(telemetry.ledgerFailures))
        if let ledgerBytes {
            text.gauge("sendwarden_ledger_size_bytes", "The ledger's size on disk.", Double(ledgerBytes))
        }
        return text.text
    }

    private static func flag(_ isSet: Bool) -> Double { isSet ? 1 : 0 }

    private static func addRequests(_ telemetry: Telemetry, _ text: inout MetricsText) {
        text.family(
            "sendwarden_api_requests_total", .counter, "Completed requests to the platform, by outcome.",
            telemetry.requests.sorted { $0.key < $1.key },
            labels: { ["endpoint": $0.key.endpoint, "outcome": $0.key.outcome] }, value: { Double($0.value) })
        text.family(
            "sendwarden_api_stats_adjusted_total", .counter,
            "Stats in which sent was slightly too low and was raised.")
        text.sample("sendwarden_api_stats_adjusted_total", Double(telemetry.adjustedStats))
        text.family(
            "sendwarden_api_request_duration_seconds", .histogram,
            "Duration of requests; for failed requests and actions, including the wait for the budget and a connection."
        )
        for (endpoint, histogram) in telemetry.latencies.sorted(by: { $0.key < $1.key }) {
            text.histogram("sendwarden_api_request_duration_seconds", ("endpoint", endpoint), histogram)
        }
    }

    private static func addCampaigns(_ status: GuardStatus, _ text: inout MetricsText) {
        text.family(
            "sendwarden_campaigns", .gauge, "Campaigns of the policy, by state.",
            CampaignState.allCases, labels: { ["state": $0.rawValue] },
            value: { word in Double(status.campaigns.count { $0.state == word }) })
        text.family(
            "sendwarden_launches", .gauge, "Launches of the policy, by state.", LaunchState.allCases,
            labels: { ["state": $0.rawValue] }, value: { word in Double(status.launches.count { $0.state == word }) })
        let counters: [(name: String, value: (CampaignStats) -> Int?)] = [
            ("sent", { $0.sent }), ("delivered", { $0.delivered }), ("bounced", { $0.bounced }),
        ]
        for counter in counters {
            text.family(
                "sendwarden_campaign_\(counter.name)_messages_total", .counter,
                "Emails \(counter.name), as reported by the platform.", status.campaigns,
                labels: { ["campaign": $0.id.text] }, value: { $0.stats.flatMap(counter.value).map(Double.init) })
        }
        text.family(
            "sendwarden_campaign_stats_age_seconds", .gauge, "The age of the newest stats.", status.campaigns,
            labels: { ["campaign": $0.id.text] }, value: { $0.statsAge })
    }

    private static func addRules(_ status: GuardStatus, _ text: inout MetricsText) {
        let onCampaigns = status.campaigns.flatMap { campaign in
            campaign.rules.map { (rule: $0, campaign: campaign.id) }
        }
        let flags: [(name: String, help: String, isSet: (GuardStatus.RuleStatus) -> Bool)] = [
            ("pending", "1 if the rule is pending on the campaign.", { $0.state == .pending }),
            ("firing", "1 if the rule is firing on the campaign.", { $0.state == .firing }),
            (
                "muted", "1 if the rule is muted on the campaign.",
                { rule in rule.mutedUntil.map { $0 > status.at } ?? false }
            ), ("no_data", "1 if the rule cannot act on the campaign, because data is missing.", { $0.noData != nil }),
        ]
        for one in flags {
            text.family(
                "sendwarden_rule_\(one.name)", .gauge, one.help, onCampaigns,
                labels: { ["rule": $0.rule.name, "campaign": $0.campaign.text] }, value: { flag(one.isSet($0.rule)) })
        }
    }

    private static func addGroupRules(_ status: GuardStatus, _ text: inout MetricsText) {
        let onGroups = status.groups.flatMap { group in group.rules.map { (rule: $0, group: group.text) } }
        let flags: [(name: String, help: String, isSet: (GuardStatus.RuleStatus) -> Bool)] = [
            ("pending", "1 if the rule is pending on the group.", { $0.state == .pending }),
            ("firing", "1 if the rule is firing on the group.", { $0.state == .firing }),
            ("no_data", "1 if the rule cannot act on the group, because data is missing.", { $0.noData != nil }),
        ]
        for one in flags {
            text.family(
                "sendwarden_group_rule_\(one.name)", .gauge, one.help, onGroups,
                labels: { ["rule": $0.rule.name, "group": $0.group] }, value: { flag(one.isSet($0.rule)) })
        }
    }

    private static func addPools(_ status: GuardStatus, _ text: inout MetricsText) {
        let gauges: [(name: String, help: String, value: (GuardStatus.PoolStatus) -> Int?)] = [
            ("capacity", "Emails that the pool can send in one window.", { $0.dailyCapacity }),
            ("remaining", "Emails that the pool can still send in this window.", { $0.remainingVolume }),
            ("reserved", "Emails reserved for launches and not sent yet.", { $0.reserved }),
        ]
        for gauge in gauges {
            text.family(
                "sendwarden_pool_\(gauge.name)_messages", .gauge, gauge.help, status.pools,
                labels: { ["pool": $0.id.text] }, value: { gauge.value($0).map(Double.init) })
        }
        let members: [(name: String, help: String, value: (GuardStatus.PoolStatus) -> Int?)] = [
            ("senders", "Members of the pool.", { $0.senders }),
            ("active_senders", "Members of the pool that can send.", { $0.activeSenders }),
            (
                "removed_senders", "Members that rules removed and that have not been restored.",
                { $0.senders == nil ? nil : $0.removedSenders.count }
            ), ("missing", "1 if the pool is not found on its platform.", { $0.isMissing ? 1 : 0 }),
        ]
        for gauge in members {
            text.family(
                "sendwarden_pool_\(gauge.name)", .gauge, gauge.help, status.pools,
                labels: { ["pool": $0.id.text] }, value: { gauge.value($0).map(Double.init) })
        }
        let onPools = status.pools.flatMap { pool in pool.rules.map { (rule: $0, pool: pool.id) } }
        for state in [GuardStatus.RuleStatus.State.pending, .firing] {
            text.family(
                "sendwarden_pool_rule_\(state.rawValue)", .gauge, "1 if the rule is \(state.rawValue) on the pool.",
                onPools, labels: { ["rule": $0.rule.name, "pool": $0.pool.text] },
                value: { flag($0.rule.state == state) })
        }
        text.family(
            "sendwarden_pool_rule_no_data", .gauge,
            "1 if the rule cannot act on the pool, because data is missing.", onPools,
            labels: { ["rule": $0.rule.name, "pool": $0.pool.text] }, value: { flag($0.rule.noData != nil) })
    }
}
