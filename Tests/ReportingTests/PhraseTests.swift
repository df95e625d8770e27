@testable import Guard
import Model
import Policy
import Reporting
import Testing

/// Clauses that `explain` and `status` share with the journal.
@Suite struct PhraseTests {
    private let world: FixtureWorld

    init() throws { world = try FixtureWorld() }

    @Test func aRuleIsDescribed() throws {
        let rule = try world.rule("bounce-rate")
        #expect(Phrase.lasting(rule) == " for 2m")
        #expect(Phrase.lasting(try world.rule("bounces-in-polls")) == " in 3 of 5 polls")
        #expect(Phrase.lasting(try world.rule("fits-pool")) == "")
        #expect(
            Phrase.text(try #require(rule.resume))
                == "after 4h, on probation for 200 resolved emails, paused again if bounceRate > 4%, at most 3 times in 7d"
        )
    }

    @Test func anEvaluationIsDescribedComparisonByComparison() throws {
        var readings = world.readings()
        readings.increases[.resolved] = nil
        let evaluation = try world.rule("bounce-rate").condition.evaluate(readings)
        #expect(
            evaluation.sentences == [
                "bounceRate(24h) unknown > 5 %: unknown", "increase(resolved, 24h) unknown >= 50: unknown",
            ])
    }

    @Test func theDecisiveComparisonIsARatioThatHolds() throws {
        let rule = try world.rule("bounce-rate")
        #expect(world.breach(rule).decisive?.comparison.unit == .ratio)
        #expect(Phrase.evidence(nil, or: rule.conditionText) == rule.conditionText)
    }

    @Test(arguments: [
        (Decision.Cause.rule("r"), "rule r fired"), (.relapse("r"), "it breached its probation, rule r"),
        (.cooldownOver("r"), "its cooldown was over, rule r"), (.launchRulesPass, "every launch rule allowed it"),
        (.unapprovedLaunch, "it started while its launch was held"),
        (.order(Order(.pause, CampaignID(unchecked: "c"), by: "anna")), "ordered by anna"),
    ])
    func aCauseIsDescribed(_ cause: Decision.Cause, _ text: String) { #expect(Phrase.text(cause) == text) }

    @Test(arguments: [
        (APIFailure.Kind.unauthorized, "API key rejected"), (.unreachable, "API unreachable"),
        (.throttled, "API rate limit reached"), (.unexpected, "API responses unusable"),
    ])
    func anAPIFailureHasAWordForTheStatusLine(_ kind: APIFailure.Kind, _ text: String) {
        #expect(Phrase.status(kind) == text)
    }
}
