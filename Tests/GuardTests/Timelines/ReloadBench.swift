import Guard
import Model
import Testing

/// The policy, the faults and the first steps of timelines with reloads; they are about camp_2.
protocol ReloadBench {}

extension ReloadBench {
    static var rules: String {
        """
        rules:
          - {name: bounces, when: bounceRate > 5% and resolved >= 50, then: pause, resume: {after: 1h}}
          - {name: fits, on: launch, when: totalEnrolled > pool.available, then: hold}
        """
    }
    static var minute: Duration { .seconds(60) }
    static var lost: Fault { Fault(.unreachable, "no answer", mayHaveTakenEffect: true) }
    static var notSent: Fault { Fault(.unreachable, "not sent", mayHaveTakenEffect: false) }

    func phase(_ bench: GuardBench) -> CampaignPhase? {
        bench.warden.campaigns[CampaignID(unchecked: "camp_2")]?.phase
    }

    /// The campaign breaches, and its pause is under way.
    func paused() throws -> (GuardBench, Intent) {
        var bench = try GuardBench(Self.rules, campaigns: 2)
        bench.see(2, sent: 100, bounced: 10)
        let intent = try #require(bench.sent().first)
        _ = bench.reported()
        return (bench, intent)
    }
}
