import Model
import Testing

@testable import Policy

/// `age(campaign)`: the time since the first response about the campaign.
@Suite struct CampaignAgeTests {
    private static let readings = TableReadings(gauges: [.sent: 50], campaignAge: .seconds(30 * 3600))

    @Test(arguments: [
        ("age(campaign) < 2d", Truth.yes), ("age(campaign) > 2d", .no), ("age(campaign) == 30h", .yes),
        ("age(campaign) - age(stats) > 1h", .unknown), ("age(campaign) < 2d and sent > 10", .yes),
        ("age(campaign) / 2 == 15h", .yes),
    ])
    func itIsADuration(_ text: String, _ truth: Truth) throws {
        let condition = try #require(UnitChecker.check(text, scope: .campaign).condition)
        #expect(condition.evaluate(Self.readings).truth == truth)
        #expect(CompiledCondition(condition, windows: []) { _ in "" }.truth(Self.readings) == truth)
        #expect(condition.sources == [.stats] && !condition.readsAge || text.contains("stats"))
    }

    @Test func itIsUnknownBeforeTheFirstResponse() throws {
        let condition = try #require(UnitChecker.check("age(campaign) < 2d", scope: .campaign).condition)
        let nothing = TableReadings()
        #expect(condition.evaluate(nothing).truth == .unknown)
        #expect(CompiledCondition(condition, windows: []) { _ in "" }.truth(nothing) == .unknown)
        #expect(condition.missing(in: nothing).stats == ["age(campaign)"])
    }

    @Test func explanationsShowIt() throws {
        let condition = try #require(
            UnitChecker.check("age(campaign) < 2d or age(campaign) - age(stats) > 1h", scope: .campaign).condition)
        let rows = condition.tree(Self.readings).rows()
        #expect(rows.contains { $0.text.contains("age(campaign) < 2d") && $0.value.contains("1d6h") })
        #expect(rows.contains { $0.text.trimmingSpaces == "age(campaign)" && $0.value.hasPrefix("1d") }, "\(rows)")
    }

    @Test(arguments: [
        ("age(campaign) > 5", UnitChecker.Scope.campaign, "cannot compare a duration with a plain number"),
        ("age(Campaign) > 5h", .campaign, "age takes stats, pools, accounts or campaign"),
        ("age(campaign) > 5h", .pool, "a rule on pools cannot use 'age(campaign)'"),
        ("age(campaign) > 5h", .group, "a rule on groups cannot use 'age'"),
        ("previous(age(campaign), 24h) > 5h", .campaign, "previous takes a formula in which every name has a window"),
    ])
    func otherUsesAreRefused(_ text: String, _ scope: UnitChecker.Scope, _ message: String) {
        let outcome = UnitChecker.check(text, scope: scope)
        #expect(outcome.condition == nil)
        #expect(outcome.errors.first?.message.hasPrefix(message) == true, "\(outcome.errors)")
    }
}
