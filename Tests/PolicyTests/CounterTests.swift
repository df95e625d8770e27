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
        ("sent > 5 and complaintRate > 0.3%", "complained", "unsubscribed"),
        ("deferralRate > 50%", "deferred", "bounced"),
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

    @Test(arguments: ["unsubscribed > 5", "unsubscribeRate > 1%", "increase(unsubscribed, 24h) > 5"])
    func unsubscribesOfLeadterraCanBeRead(_ text: String) throws {
        let policy = try #require(SamplePolicy.outcome(when: text).policy)
        #expect(policy.extraCounters(of: policy.campaigns[0]) == [.unsubscribed])
    }

    /// Each campaign is asked only for what its own rules read.
    @Test func onlyCampaignsWithARuleNeedExtraCounters() throws {
        let text = """
            version: 1
            mode: enforce
            workspace: {name: acme, provider: leadterra, credential: acme.key}
            campaigns:
              - {id: a, pool: p, labels: {team: sales, kind: hot}}
              - {id: b, pool: p, labels: {team: sales}}
              - {id: c, pool: p}
              - {id: d, pool: p, labels: {kind: cold}}
              - {id: e, pool: p, labels: {kind: off}}
              - {id: f, pool: p, labels: {kind: draft}}
            rules:
              - {name: own, campaigns: {kind: hot}, when: unsubscribeRate(24h) > 1%, then: pause}
              - {name: group, on: group, by: team, when: unsubscribed > 50, then: alert}
              - {name: off, campaigns: {kind: off}, when: unsubscribed > 50, then: alert, mode: off}
              - {name: launch, on: launch, campaigns: {kind: draft}, when: unsubscribed > 50, then: hold}
              - name: probation
                campaigns: {kind: cold}
                when: bounceRate > 5%
                then: pause
                resume: {after: 1h, probation: {sends: 50, when: unsubscribed > 5}}
            """
        let policy = try #require(PolicyLoader.load(SourceFile(name: "policy", text: text)).policy)
        let needing = policy.campaigns.filter { !policy.extraCounters(of: $0).isEmpty }
        #expect(needing.map(\.id.text) == ["a", "b", "d", "f"])
        #expect(policy.poll.extraRequests == ExtraRequests(ofCampaigns: 4, campaigns: 6))
    }

    // MARK: The budget

    private func poll(_ campaigns: Int, _ when: String, _ poll: String) -> PolicyLoader.Outcome {
        let list = (1...campaigns).map { "  - {id: camp_\($0), pool: p}\n" }.joined()
        let text = """
            version: 1
            mode: enforce
            workspace: {name: acme, provider: leadterra, credential: acme.key}
            poll: \(poll)
            campaigns:
            \(list)rules:
              - {name: r, when: \(when), then: pause}
            """
        return PolicyLoader.load(SourceFile(name: "policy", text: text))
    }

    @Test(arguments: [
        // 100 polls, 20 lists and one poll of pools.
        (100, "{stats: 1m, budget: 135/min}", nil),
        (100, "{stats: 1m, budget: 130/min}", "allow 135/min, or write poll: {stats: 1m3s}"),
        // A list with each poll.
        (600, "{stats: 10m, budget: 135/min}", nil),
        (600, "{stats: 10m, budget: 120/min}", "allow 135/min, or write poll: {stats: 11m13s}"),
    ])
    func theBudgetIncludesTheLists(_ campaigns: Int, _ pace: String, _ help: String?) throws {
        let outcome = poll(campaigns, "unsubscribeRate > 1%", pace)
        let settings = try #require(outcome.policy).poll
        #expect(outcome.diagnostics.map(\.help) == (help.map { [$0] } ?? []))
        for diagnostic in outcome.diagnostics { #expect(diagnostic.message.contains("read replies")) }
        // What is planned fits into the planned share.
        let polls = Double(campaigns) / settings.statsInterval.seconds
        let planned = polls + settings.extraRequests.perSecond(polls: polls) + 1 / 60
        #expect(planned <= settings.budget.perSecond * 0.9)
        #expect(polls <= settings.statsPerSecond + 1e-9)
        // Without a rule on them, they cost nothing.
        #expect(poll(campaigns, "bounceRate > 1%", pace).diagnostics.isEmpty)
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
