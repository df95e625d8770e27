import Model
import Testing

@testable import Policy

/// Counters that only some platforms report, and their rates.
@Suite struct CounterTests {
    /// 1000 sent, 900 delivered, 50 bounced, 20 of them for good.
    private static let readings = TableReadings(
        gauges: [
            .sent: 1000, .delivered: 900, .bounced: 50, .resolved: 950, .counter(.hardBounced): 20,
            .counter(.softBounced): 30, .counter(.complained): 2, .counter(.deferred): 80,
            .rate(.hardBounceRate): 20.0 / 950, .rate(.complaintRate): 2.0 / 900,
        ],
        increases: [
            .delivered: Increase(amount: 450, covered: .seconds(86400)),
            .resolved: Increase(amount: 500, covered: .seconds(86400)),
            .hardBounced: Increase(amount: 10, covered: .seconds(86400)),
            .complained: Increase(amount: 1, covered: .seconds(86400)),
            .sent: Increase(amount: 600, covered: .seconds(86400)),
            .deferred: Increase(amount: 60, covered: .seconds(86400)),
        ])

    private func checked(_ text: String) -> Condition? { UnitChecker.check(text, scope: .campaign).condition }

    @Test(arguments: [
        ("hardBounced + softBounced == bounced", Truth.yes), ("hardBounceRate(24h) == 2%", .yes),
        ("complaintRate > 0.2%", .yes), ("complaintRate(24h) > 0.3%", .no), ("deferralRate(24h) == 10%", .yes),
        ("unsubscribeRate(24h) > 1%", .unknown), ("unsubscribed > 5", .unknown),
        ("increase(complained, 24h) >= 1 and complaintRate(24h) > 0.1%", .yes),
        ("complaintRate(24h) > 2 * previous(complaintRate(24h), 24h)", .unknown),
    ])
    func ratesHaveTheirOwnDenominators(_ text: String, _ truth: Truth) throws {
        let condition = try #require(checked(text))
        #expect(condition.evaluate(Self.readings).truth == truth)
        let windows = condition.windows.sorted()
        guard windows.allSatisfy({ $0.offset == .zero }) else { return }
        #expect(CompiledCondition(condition, windows: windows) { _ in "" }.truth(Self.readings) == truth)
    }

    @Test(arguments: [
        ("unsubscribeRate > 1%", ["unsubscribed"]), ("hardBounceRate(24h) > 1% and sent < 5", []),
        ("complained > 5 or unsubscribed > 5", ["unsubscribed"]),
    ])
    func missingCountersAreNamed(_ text: String, _ names: [String]) throws {
        #expect(try #require(checked(text)).missing(in: Self.readings).stats == names)
    }

    @Test(arguments: [
        ("hardBounced > 5", "hardBounced", "bounced"), ("hardBounceRate(24h) > 5%", "hardBounced", "bounced"),
        ("sent > 5 and complaintRate > 0.3%", "complained", "replied"),
        ("increase(unsubscribed, 24h) > 5", "unsubscribed", "replied"), ("deferralRate > 50%", "deferred", "bounced"),
        ("previous(rate(softBounced, 4h), 24h) > 5", "softBounced", "bounced"),
    ])
    func aCounterThatThePlatformNeverReportsIsRefused(_ text: String, _ counter: String, _ nearest: String) {
        let outcome = SamplePolicy.outcome(when: text)
        #expect(outcome.policy == nil)
        let error = outcome.diagnostics.first
        #expect(error?.message == "Leadterra never reports '\(counter)'")
        #expect(error?.help == "the nearest counter that it reports is '\(nearest)'")
    }

    @Test func aProbationIsCheckedToo() {
        let text = SamplePolicy.text(when: "bounceRate > 5%").replacing(
            "then: alert",
            with: "then: pause\n    resume: {after: 1h, probation: {sends: 50, when: complaintRate > 0.1%}}")
        let outcome = PolicyLoader.load(SourceFile(name: "policy", text: text))
        #expect(outcome.diagnostics.map(\.message) == ["Leadterra never reports 'complained'"])
    }

    @Test func theTiersOfARuleAreCheckedOnce() {
        let text = SamplePolicy.text(when: "sent > 5").replacing(
            "    then: alert", with: "    value: complaintRate(24h)\n    warn: 0.1%\n    pause: 0.3%")
        let outcome = PolicyLoader.load(SourceFile(name: "policy", text: text))
        #expect(outcome.diagnostics.map(\.message) == ["Leadterra never reports 'complained'"])
    }

    /// Every platform that sends campaigns declares what its stats mean, and reports enough for a bounce rate.
    @Test(arguments: Provider.allCases)
    func platformsDeclareTheirCounters(_ provider: Provider) {
        #expect((provider.traits.reports != nil) == provider.can(.campaigns))
        guard let reports = provider.traits.reports else { return }
        #expect(reports.counters.isSuperset(of: [.sent, .bounced, .resolved]))
        #expect(reports.counters.isSuperset(of: reports.resolved))
    }

    /// Each substitute is reported by some platform, or is itself optional.
    @Test func substitutesLeadToACounterOfEveryPlatform() {
        for counter in Counter.allCases where !Provider.leadterra.reports(counter) {
            #expect(counter.substitutes.contains(where: Provider.leadterra.reports), "\(counter)")
        }
    }
}
