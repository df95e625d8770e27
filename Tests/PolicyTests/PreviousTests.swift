import Model
import Policy
import Testing

/// `previous` reads every window of a formula that much earlier.
@Suite struct PreviousTests {
    /// Today 30 of 400 emails bounced, yesterday 5 of 200 on three quarters of the window.
    static let readings = TableReadings(
        gauges: [.sent: 1000, .bounced: 50],
        increases: [
            .bounced: Increase(amount: 30, covered: .seconds(86400)),
            .resolved: Increase(amount: 400, covered: .seconds(86400)),
        ],
        earlierIncreases: [
            .bounced: Increase(amount: 5, covered: .seconds(64800)),
            .resolved: Increase(amount: 200, covered: .seconds(64800)),
        ])

    @Test(arguments: [
        ("bounceRate(24h) > 2 * previous(bounceRate(24h), 24h)", Truth.yes),
        ("bounceRate(24h) > 4 * previous(bounceRate(24h), 24h)", .no),
        ("previous(bounceRate(24h), 24h) == 2.5%", .yes),
        ("previous(increase(bounced, 24h) + increase(resolved, 24h), 1d) == 205", .yes),
        ("increase(resolved, 24h) / 2 == previous(increase(resolved, 24h), 24h)", .yes),
        ("previous(rate(bounced, 24h), 24h) * 18h == 5", .yes),
        ("previous(wilson_lower(increase(bounced, 24h), increase(resolved, 24h), 95%), 24h) < 2.5%", .yes),
        ("previous(increase(sent, 24h), 24h) > 5", .unknown),
    ])
    func earlierWindowsAreRead(_ text: String, _ truth: Truth) throws {
        let condition = try #require(SamplePolicy.condition(text), "the policy is refused")
        #expect(condition.evaluate(Self.readings).truth == truth)
    }

    @Test func windowsReachBackTwice() throws {
        let condition = try #require(
            SamplePolicy.condition("bounceRate(24h) > previous(previous(bounceRate(24h), 24h), 7d)"))
        #expect(condition.windows == [TimeWindow(.days(1)), TimeWindow(.days(1), offset: .days(8))])
        #expect(condition.windows.map(\.reach).max() == .days(9))
    }

    @Test func theSmallestCoverageIsEvidence() throws {
        let condition = try #require(SamplePolicy.condition("bounceRate(24h) > previous(bounceRate(24h), 24h)"))
        #expect(condition.evaluate(Self.readings).coverage == 0.75)
    }

    @Test func explanationsShowBothWindows() throws {
        let condition = try #require(SamplePolicy.condition("bounceRate(24h) > 2 * previous(bounceRate(24h), 24h)"))
        let tree = condition.tree(Self.readings)
        #expect(tree.value == "7.5 % > 5 %")
        #expect(tree.parts.map(\.text) == ["bounceRate(24h)", "previous(bounceRate(24h), 24h)"])
        #expect(tree.parts.last?.value == "2.5 %")
    }

    @Test func aMissingWindowIsNamed() throws {
        let condition = try #require(SamplePolicy.condition("previous(increase(sent, 24h), 24h) > 5"))
        #expect(condition.missing(in: Self.readings).stats == ["sent 2d ago"])
    }

    @Test(arguments: [
        ("previous(sent, 24h) > 5", "previous takes a formula in which every name has a window"),
        ("previous(bounceRate, 24h) > 5%", "previous takes a formula in which every name has a window"),
        ("previous(5, 24h) > 5", "previous takes a formula in which every name has a window"),
        ("previous(hour(\"UTC\"), 24h) > 5", "previous takes a formula in which every name has a window"),
        ("previous(bounceRate(24h)) > 5%", "previous takes a formula and a duration"),
        ("previous(bounceRate(24h), 5) > 5%", "a window must be a duration"),
        ("previous(bounceRate(60d), 31d) > 5%", "previous reaches back 91d, but samples are stored for 90d"),
        ("previous(increase(sent, 1h), 30d) > 5", "a window of 1h is too short to be read 30d back"),
        ("previous(bounceRate(24h), 24h) > 50", "cannot compare a ratio with a plain number"),
        ("previous(bounceRate(24h), 24h) > 101%", "the condition can never be true"),
    ])
    func whatCannotBeReadIsRefused(_ condition: String, _ message: String) {
        let messages = SamplePolicy.outcome(when: condition).diagnostics.map(\.message)
        #expect(messages.contains(message), "\(messages)")
    }
}

extension Duration {
    fileprivate static func days(_ days: Int) -> Duration { .seconds(days * 86400) }
}
