import Guard
import Model
import Policy

/// Everything that is counted and measured, under names that keep to Prometheus's conventions.
enum DaemonMetrics {
    static func text(
        _ status: GuardStatus, _ telemetry: Telemetry, policy: CheckedPolicy, startedAt: Instant, ledgerBytes: Int?
    ) -> String {
        var text = MetricsText()
        text.family("sendwarden_build_info", .gauge, "The running version; always 1.")
        text.sample("sendwarden_build_info", 1, ["version": Version.current])
        text.gauge(
            "sendwarden_start_time_seconds", "When the daemon started, in seconds since 1970.",
            Double(startedAt.milliseconds) / 1000)
        text.gauge(
            "sendwarden_enforcing", "1 where decisions are acted on, 0 in observe mode.",
            policy.mode == .enforce ? 1 : 0)
        text.gauge(
            "sendwarden_api_healthy", "1 where the platform's API answers as it should.", flag(status.apiTrouble == nil)
        )
        text.gauge(
            "sendwarden_api_budget_requests_per_second", "The request budget of the policy.",
            policy.poll.budget.perSecond)
        text.gauge(
            "sendwarden_poll_interval_seconds", "How often each campaign's statistics are asked for.",
            policy.poll.statsInterval.seconds)
        addRequests(telemetry, &text)
        text.family("sendwarden_events_total", .counter, "Events told to the journal, by kind.")
        for kind in EventKind.allCases {
            text.sample("sendwarden_events_total", Double(telemetry.events[kind] ?? 0), ["event": kind.rawValue])
        }
        addCampaigns(status, &text)
        addRules(status, &text)
        addPools(status, &text)
        text.gauge(
            "sendwarden_ledger_failing", "1 where nothing can be kept at the moment.", flag(status.isLedgerFailing))
        text.family("sendwarden_ledger_write_failures_total", .counter, "Writes to the ledger that failed.")
        text.sample("sendwarden_ledger_write_failures_total", Double(telemetry.ledgerFailures))
        if let ledgerBytes {
            text.gauge("sendwarden_ledger_size_bytes", "The ledger's size on disk.", Double(ledgerBytes))
        }
        return text.text
    }

    private static func flag(_ isSet: Bool) -> Double { isSet ? 1 : 0 }

    private static func addRequests(_ telemetry: Telemetry, _ text: inout MetricsText) {
        text.family("sendwarden_api_requests_total", .counter, "Requests to the platform that ended, by outcome.")
        for (kind, count) in telemetry.requests.sorted(by: { $0.key < $1.key }) {
            text.sample(
                "sendwarden_api_requests_total", Double(count), ["endpoint": kind.endpoint, "outcome": kind.outcome])
        }
        text.family(
            "sendwarden_api_request_duration_seconds", .histogram,
            "How long requests took, the wait for the budget included.")
        for (endpoint, histogram) in telemetry.latencies.sorted(by: { $0.key < $1.key }) {
            text.histogram("sendwarden_api_request_duration_seconds", ("endpoint", endpoint), histogram)
        }
    }

    private static func addCampaigns(_ status: GuardStatus, _ text: inout MetricsText) {
        text.family(
            "sendwarden_campaigns", .gauge, "Campaigns of the policy, by what the guard takes them to be doing.")
        for word in CampaignPhase.Word.allCases {
            let count = status.campaigns.count { $0.state == word }
            text.sample("sendwarden_campaigns", Double(count), ["state": word.rawValue])
        }
        text.family("sendwarden_launches", .gauge, "Launches of the policy, by state.")
        for word in LaunchState.Word.allCases {
            let count = status.launches.count { $0.state == word }
            text.sample("sendwarden_launches", Double(count), ["state": word.rawValue])
        }
        let counters: [(name: String, help: String, value: (CampaignStats) -> Int?)] = [
            ("sent", "Mails that the platform counts as sent.", { $0.sent }),
            ("delivered", "Mails that the platform counts as delivered.", { $0.delivered }),
            ("bounced", "Mails that the platform counts as bounced.", { $0.bounced }),
        ]
        for counter in counters {
            let name = "sendwarden_campaign_\(counter.name)_messages_total"
            text.family(name, .counter, counter.help)
            for campaign in status.campaigns {
                guard let value = campaign.stats.flatMap(counter.value) else { continue }
                text.sample(name, Double(value), ["campaign": campaign.id.text])
            }
        }
        text.family("sendwarden_campaign_stats_age_seconds", .gauge, "How old the newest statistics are.")
        for campaign in status.campaigns {
            guard let age = campaign.statsAge else { continue }
            text.sample("sendwarden_campaign_stats_age_seconds", age, ["campaign": campaign.id.text])
        }
    }

    private static func addRules(_ status: GuardStatus, _ text: inout MetricsText) {
        for state in [GuardStatus.RuleStatus.State.pending, .firing] {
            let name = "sendwarden_rule_\(state.rawValue)"
            text.family(name, .gauge, "1 where the rule is \(state.rawValue) on the campaign.")
            for campaign in status.campaigns {
                for rule in campaign.rules {
                    text.sample(name, flag(rule.state == state), ["rule": rule.name, "campaign": campaign.id.text])
                }
            }
        }
        text.family("sendwarden_rule_muted", .gauge, "1 where a person overruled the rule, which only watches.")
        for campaign in status.campaigns {
            for rule in campaign.rules {
                let isMuted = rule.mutedUntil.map { $0 > status.at } ?? false
                text.sample("sendwarden_rule_muted", flag(isMuted), ["rule": rule.name, "campaign": campaign.id.text])
            }
        }
    }

    private static func addPools(_ status: GuardStatus, _ text: inout MetricsText) {
        let gauges: [(name: String, help: String, value: (GuardStatus.PoolStatus) -> Int?)] = [
            ("capacity", "Mails that the pool takes in one window.", { $0.dailyCapacity }),
            ("remaining", "Mails that the pool still takes in this window.", { $0.remainingVolume }),
            ("reserved", "Mails that were promised to launches and are not sent yet.", { $0.reserved }),
        ]
        for gauge in gauges {
            let name = "sendwarden_pool_\(gauge.name)_messages"
            text.family(name, .gauge, gauge.help)
            for pool in status.pools {
                guard let value = gauge.value(pool) else { continue }
                text.sample(name, Double(value), ["pool": pool.id.text])
            }
        }
    }
}
