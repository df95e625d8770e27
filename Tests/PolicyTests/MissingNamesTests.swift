import Model
import Policy
import Testing

/// What leaves a condition unknown: only names without a value, of the parts that are unknown.
@Suite struct MissingNamesTests {
    /// 480 sent, 453 delivered; bounces, one pool value and the accounts are missing, and nothing is known of windows.
    static let readings = TableReadings(
        gauges: [.sent: 480, .delivered: 453, .queued: 0, .pool(.reserved): 5, .pool(.dailyCapacity): 2000])

    static let table: [(String, [String])] = [
        ("sent > 5", []), ("bounced > 5", ["bounced"]), ("bounceRate > 5%", ["bounced"]), ("resolved > 5", ["bounced"]),
        ("bounceRate > 5% and resolved >= 50", ["bounced"]),
        // A part that is known does not matter, and a condition that is known lacks nothing.
        ("bounceRate > 5% and sent > 500", []), ("bounceRate > 5% and sent > 5", ["bounced"]),
        ("bounceRate > 5% or sent > 5", []), ("bounceRate > 5% or sent > 500", ["bounced"]),
        ("not (replied > 5 and sent > 5)", ["replied"]),
        ("replied > 5 or accounts.active < 1 or bounced > 5", ["replied", "bounced", "accounts.active"]),
        // Division by zero lacks no data.
        ("sent / queued > 50%", []), ("sent / queued > 50% or bounced > 5", ["bounced"]),
        ("pool.available > 5", ["pool.remainingVolume"]), ("pool.activeSenders < 2", ["pool.activeSenders"]),
        ("age(pools) > 5m", ["age(pools)"]),
        ("openRate < 5%", ["openRate"]),
        // The counter itself, or its value at the window's start.
        ("bounceRate(24h) > 5%", ["bounced"]), ("increase(sent, 4h) > 5", ["sent 4h ago"]),
        ("rate(delivered, 4h) > 5", ["delivered 4h ago"]), ("wilson_lower(bounced, sent, 95%) > 5%", ["bounced"]),
    ]

    @Test(arguments: table)
    func namesAreThoseWithoutValues(_ text: String, _ names: [String]) throws {
        let condition = try #require(SamplePolicy.condition(text), "the policy is refused")
        let missing = condition.missing(in: Self.readings)
        #expect(missing.all == names)
        #expect(missing.isEmpty == names.isEmpty)
    }

    @Test func aTagOfAnUnknownPoolIsMissing() {
        let condition = Condition.compareText(.poolTag("team"), isEqual: true, .literal("a"))
        #expect(condition.missing(in: Self.readings).pools == ["pool.tag(\"team\")"])
    }

    @Test func ratesOfACampaignThatHasSentNothingAreNotMissing() throws {
        let condition = try #require(SamplePolicy.condition("openRate < 5% or replyRate > 5%"))
        #expect(condition.missing(in: TableReadings(gauges: [.sent: 0])).isEmpty)
        #expect(condition.missing(in: TableReadings(gauges: [.sent: 1])).stats == ["openRate", "replyRate"])
    }
}
