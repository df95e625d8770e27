import Model
import Policy
import Testing

@testable import Guard

/// An unchanged rule keeps its evidence across a reload and a restart; a changed rule starts without.
@Suite struct RuleIdentityTests {
    struct Edit: CustomTestStringConvertible, Sendable {
        var name: String
        var rule: String
        var resets: Bool
        var testDescription: String { name }
    }

    private static func rule(
        when condition: String = "bounceRate > 5% and resolved >= 50", for clause: String = "10m",
        then action: String = "pause", more: String = ""
    ) -> String {
        """
        rules:
          - name: bounces
            when: \(condition)
            for: \(clause)
            then: \(action)
        \(more.isEmpty ? "" : "    \(more)\n")
        """
    }

    static let edits = [
        Edit(name: "nothing", rule: rule(), resets: false),
        Edit(name: "severity", rule: rule(more: "severity: critical"), resets: false),
        Edit(name: "resume", rule: rule(more: "resume: {after: 1h}"), resets: false),
        Edit(name: "on_override", rule: rule(more: "on_override: pause_again"), resets: false),
        Edit(name: "selector", rule: rule(more: "campaigns: [camp_1]"), resets: false),
        Edit(
            name: "whitespace", rule: rule(when: #""bounceRate >  5%   and\n   resolved >= 50""#), resets: false),
        Edit(name: "mode that is the default", rule: rule(more: "mode: enforce"), resets: false),
        Edit(name: "another limit", rule: rule(when: "bounceRate > 6% and resolved >= 50"), resets: true),
        Edit(name: "another condition", rule: rule(when: "bounceRate > 5% and resolved >= 51"), resets: true),
        Edit(name: "for", rule: rule(for: "11m"), resets: true),
        Edit(name: "for as a count", rule: rule(for: "5 of 9"), resets: true),
        Edit(name: "action", rule: rule(then: "alert"), resets: true),
        Edit(name: "mode", rule: rule(more: "mode: observe"), resets: true),
    ]

    /// A bench whose rule has been pending for two minutes, and the start of that time.
    private func pending() throws -> (bench: GuardBench, since: Instant) {
        var bench = try GuardBench(Self.rule())
        bench.see(sent: 100, bounced: 10)
        let since = bench.now
        for minute in 1...2 {
            bench.wait(.seconds(60))
            bench.see(sent: 100 + minute, bounced: 10)
        }
        return (bench, since)
    }

    private func pendingSince(_ bench: GuardBench) -> Instant? {
        guard case .pending(let since, _, _) = bench.warden.campaigns[0].rules.states.first?.state.phase else {
            return nil
        }
        return since
    }

    @Test(arguments: edits) func aReloadKeepsTheStateOfTheSameRule(_ edit: Edit) throws {
        var (bench, since) = try pending()
        try bench.reload(edit.rule)
        bench.wait(.seconds(60))
        bench.see(sent: 103, bounced: 10)
        #expect(pendingSince(bench) == (edit.resets ? bench.now : since))
    }

    @Test(arguments: edits) func aRestartKeepsTheStateOfTheSameRule(_ edit: Edit) throws {
        var (bench, since) = try pending()
        try bench.restart(edit.rule)
        bench.wait(.seconds(60))
        bench.see(sent: 103, bounced: 10)
        #expect(pendingSince(bench) == (edit.resets ? bench.now : since))
    }

    @Test func evidenceOfAnUnchangedRuleSurvivesAReload() throws {
        var (bench, _) = try pending()
        try bench.reload(Self.rule(more: "severity: critical"))
        try bench.restart(Self.rule(when: "\"bounceRate > 5%  and resolved >= 50\""))
        for minute in 3...9 {
            bench.wait(.seconds(60))
            bench.see(sent: 100 + minute, bounced: 10)
        }
        #expect(bench.sent() == [])
        bench.wait(.seconds(60))
        bench.see(sent: 110, bounced: 10)
        #expect(bench.sent().map(\.action) == [.pause])
    }

    // MARK: Confidence

    private static func confident(_ confidence: String, _ more: String = "") -> String {
        "rules:\n  - {name: sure, when: bounceRate > 5%, confidence: \(confidence), then: pause\(more)}\n"
    }

    @Test(arguments: [
        (confident("99.9%", ", severity: critical"), false), (confident("99.9%"), false), (confident("95%"), true),
    ]) func confidenceIsPartOfTheIdentity(_ rule: String, resets: Bool) throws {
        for isRestart in [false, true] {
            var bench = try GuardBench(Self.confident("99.9%"))
            bench.see(sent: 100, bounced: 1)
            bench.wait(.seconds(60))
            bench.see(sent: 110, bounced: 1)
            if isRestart { try bench.restart(rule) } else { try bench.reload(rule) }
            bench.wait(.seconds(60))
            bench.see(sent: 120, bounced: 1)
            // The rule counts from where it was armed.
            #expect(bench.warden.campaigns[0].rules.slot(0).armed?.sent == (resets ? 120 : 100))
        }
    }

    @Test func aRuleOnPoolsHasAnIdentityToo() throws {
        func rule(_ severity: String, _ limit: Int) -> String {
            """
            rules:
              - {name: low, on: pool, when: pool.remainingVolume < \(limit), for: 10m, then: alert, severity: \(severity)}

            """
        }
        for (newer, resets) in [(rule("critical", 100), false), (rule("warning", 90), true)] {
            for isRestart in [false, true] {
                var bench = try GuardBench(rule("warning", 100))
                bench.seePool(remaining: 50)
                let since = bench.now
                if isRestart { try bench.restart(newer) } else { try bench.reload(newer) }
                bench.seePool(remaining: 50)
                let state = bench.warden.pools.machine(PoolID(unchecked: "pool_a"))?.state(ofRule: 0)
                guard case .pending(let found, _, _) = state?.phase else { return #expect(Bool(false), "\(newer)") }
                #expect(found == (resets ? bench.now : since), "\(newer), restart \(isRestart)")
            }
        }
    }

    @Test func aRenamedRuleIsANewRule() {
        let first = RuleIdentity(name: "a", fingerprint: "running  pause\tx > 1")
        #expect(first == RuleIdentity(name: "a", fingerprint: "running pause x > 1"))
        #expect(first != RuleIdentity(name: "b", fingerprint: "running pause x > 1"))
    }
}
