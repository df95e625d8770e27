extension Registry {
    static let campaignNames: [GaugeEntry] =
        [
            GaugeEntry(.counter(.totalEnrolled), .count, "leads enrolled").with {
                $0.synonyms = ["enrolled", "leads"]
            },
            GaugeEntry(
                .counter(.sent), .count, "emails sent, including those whose outcome is not known yet"),
            GaugeEntry(.counter(.delivered), .count, "emails delivered"),
            GaugeEntry(.counter(.bounced), .count, "emails that bounced, hard and soft").with {
                $0.synonyms = ["bounces"]
            },
            GaugeEntry(.counter(.resolved), .count, "`delivered + bounced`: emails whose outcome is known").with {
                $0.parts = [.counter(.delivered), .counter(.bounced)]
                $0.derivedFrom = [.counter(.delivered), .counter(.bounced)]
            },
            GaugeEntry(.counter(.replied), .count, "leads that replied"),
            GaugeEntry(.counter(.hardBounced), .count, "emails that bounced for good, on platforms that report it").with
            {
                $0.synonyms = ["hardBounces", "hard_bounced"]
            },
            GaugeEntry(.counter(.softBounced), .count, "emails that bounced for a time, on platforms that report it"),
            GaugeEntry(.counter(.complained), .count, "emails reported as spam, on platforms that report it").with {
                $0.synonyms = ["complaints", "spamReports"]
            },
            GaugeEntry(.counter(.unsubscribed), .count, "leads that unsubscribed, on platforms that report it").with {
                $0.synonyms = ["unsubscribes"]
            },
            GaugeEntry(
                .counter(.deferred), .count,
                "emails whose delivery was delayed at least once, on platforms that report it"),
            GaugeEntry(.platform(.queued), .count, "emails waiting to be sent"),
        ] + Rate.allCases.map(rate) + [platformRate(.openRate), platformRate(.replyRate)]

    private static func rate(_ rate: Rate) -> GaugeEntry {
        let (hits, trials) = (Gauge.counter(rate.hits), Gauge.counter(rate.trials))
        let summary = "`\(hits.rawValue) / \(trials.rawValue)` over the campaign's lifetime"
        return GaugeEntry(.rate(rate), .ratio, summary).with {
            $0.range = 0...1
            $0.parts = [hits, trials]
            $0.derivedFrom = derivation(rate)
            if rate == .bounceRate { $0.synonyms = ["bounce_rate"] }
        }
    }

    private static func derivation(_ rate: Rate) -> [Gauge] {
        let whole: [Counter] = rate.trials == .resolved ? [.delivered, .bounced] : [rate.trials]
        return ((whole.contains(rate.hits) ? [] : [rate.hits]) + whole).map(Gauge.counter)
    }

    private static func platformRate(_ gauge: PlatformGauge) -> GaugeEntry {
        GaugeEntry(.platform(gauge), .ratio, "as the platform reports it").with {
            $0.range = 0...1
            $0.isPlatformRate = true
            if gauge == .replyRate { $0.insteadOfWindow = "increase(replied, 24h) / increase(delivered, 24h)" }
        }
    }

    static let poolNames: [GaugeEntry] = [
        GaugeEntry(.pool(.dailyCapacity), .count, "the most emails per window").with {
            $0.synonyms = ["dailyCapacity"]
        },
        GaugeEntry(.pool(.remainingVolume), .count, "emails that the platform still allows in this window").with {
            $0.synonyms = ["pool.remainingToday", "remainingVolume"]
        },
        GaugeEntry(.pool(.reserved), .count, "volume reserved for started launches and not yet sent").with {
            $0.synonyms = ["reserved"]
        },
        GaugeEntry(.pool(.available), .count, "`pool.remainingVolume - pool.reserved`").with {
            $0.range = -Double.infinity...(.infinity)
            $0.parts = [.pool(.remainingVolume), .pool(.reserved)]
            $0.derivedFrom = [.pool(.remainingVolume)]
            $0.synonyms = ["available"]
        },
        GaugeEntry(.pool(.senders), .count, "members of the pool"),
        GaugeEntry(.pool(.activeSenders), .count, "members that can send").with { $0.alsoReads = [.accounts] },
        GaugeEntry(.pool(.age), .duration, "time since a named pool was created").with { $0.needs = .rosters },
        GaugeEntry(.pool(.updated), .duration, "time since a named pool was last changed").with {
            $0.needs = .rosters
        },
    ]

    static let accountNames: [GaugeEntry] = [
        GaugeEntry(.accounts(.active), .count, "sender accounts of the workspace that can send"),
        GaugeEntry(.accounts(.paused), .count, "sender accounts that are paused"),
        GaugeEntry(.accounts(.warming), .count, "sender accounts that are warming up"),
    ]
}
