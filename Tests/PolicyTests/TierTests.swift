import Model
import Policy
import Testing

/// Rules with a value and a limit for each tier.
@Suite struct TierTests {
    private func rules(_ text: String) throws -> [Rule] {
        let outcome = PolicyLoader.load(
            SourceFile(
                name: "p",
                text: """
                    version: 1
                    mode: enforce
                    workspace: {name: acme, provider: leadterra, credential: key}
                    campaigns: [{id: camp_1}]
                    launches: [{campaign: camp_1}]
                    rules:
                    \(text)
                    """))
        return try #require(outcome.policy, "\(outcome.diagnostics.map(\.message))").rules
    }

    @Test func eachTierIsARule() throws {
        let rules = try rules(
            """
              - name: bounces
                value: bounceRate(24h)
                warn: 2%
                pause: 5%
                when: increase(resolved, 24h) >= 200 or sent > 1000
                for: 3 of 5
                campaigns: [camp_1]
                resume: {after: 4h}
                on_override: pause_again
            """)
        #expect(rules.map(\.name) == ["bounces", "bounces/warn"])
        #expect(rules.map(\.action) == [.pause, .alert])
        #expect(rules.map(\.severity) == [.critical, .warning])
        #expect(rules.map { $0.resume?.after } == [.seconds(4 * 3600), nil])
        #expect(rules.map(\.onOverride) == [.pauseAgain, nil])
        #expect(
            rules.allSatisfy {
                $0.forClause == .count(breaches: 3, samples: 5)
                    && $0.selector == .ids([CampaignID(unchecked: "camp_1")])
            })
        let rest = "and (increase(resolved, 24h) >= 200 or sent > 1000)"
        #expect(rules.map(\.conditionText) == ["bounceRate(24h) > 5% \(rest)", "bounceRate(24h) > 2% \(rest)"])
    }

    @Test func oneTierHasTheRulesName() throws {
        let rules = try rules("  - {name: replies, value: replyRate, warn: 30%}")
        #expect(rules.map(\.name) == ["replies"])
        #expect(rules.map(\.action) == [.alert])
    }

    @Test func aLimitCanBeAComparison() throws {
        let rules = try rules("  - {name: low, on: launch, value: pool.available, warn: '< 100', hold: '<= 50'}")
        #expect(rules.map(\.conditionText) == ["pool.available <= 50", "pool.available < 100"])
        #expect(rules.map(\.action) == [.hold, .alert])
    }

    @Test func everyTierIsTested() throws {
        let rules = try rules("  - {name: bounces, value: bounceRate, warn: 2%, pause: 5%, confidence: 95%}")
        #expect(rules.map(\.confidence) == [0.95, 0.95])
        #expect(
            rules.map(\.condition)
                != (try self.rules("  - {name: bounces, value: bounceRate, warn: 2%, pause: 5%}")).map(\.condition))
    }

    @Test(arguments: [
        ("warn: '> 2%', pause: '< 5%'", "use one direction: warn: 2% and pause: 5%"),
        ("warn: '< 50%', pause: '> 20%'", "use one direction: warn: \"< 50%\" and pause: \"< 20%\""),
        ("warn: 5%, pause: 2%", "give 'warn' the lower limit"),
    ])
    func limitsInOppositeDirectionsGetHelp(_ limits: String, _ help: String) {
        let outcome = PolicyLoader.load(
            SourceFile(
                name: "p",
                text: """
                    version: 1
                    workspace: {name: acme, provider: leadterra, credential: key}
                    campaigns: [{id: camp_1}]
                    rules: [{name: bounces, value: bounceRate, \(limits)}]
                    """))
        #expect(outcome.diagnostics.map(\.help) == [help])
    }
}
