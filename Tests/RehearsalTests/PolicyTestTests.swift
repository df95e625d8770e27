import Model
import Policy
import Rehearsal
import Testing

/// Policy tests pass and fail as they should.
@Suite struct PolicyTestTests {
    private static let policy = """
        version: 1
        mode: enforce
        workspace: {name: w, provider: leadterra, credential: key}
        campaigns: [{id: camp_1, pool: pool_a}]
        rules:
          - name: bounces
            when: bounceRate > 5% and resolved >= 50
            for: 2m
            then: pause
            resume: {after: 1h, probation: {sends: 50, when: bounceRate > 2% and resolved >= 20}}
          - {name: fits, on: launch, when: totalEnrolled > pool.available, then: hold}
        """

    private func run(_ test: String) throws -> (outcome: TestRunner.Outcome, neverFired: [String]) {
        let text = "policy: p\ntests:\n  - name: t\n" + test
        let (file, diagnostics) = TestFileReader.read(SourceFile(name: "t.yaml", text: text))
        let found = try #require(file, "\(diagnostics.map(\.message))")
        let policy = try #require(PolicyLoader.load(SourceFile(name: "p", text: Self.policy)).policy)
        var runner = TestRunner(policy: policy)
        return (runner.run(try #require(found.tests.first)), runner.neverFired)
    }

    private func faults(_ text: String) -> [String] {
        TestFileReader.read(SourceFile(name: "t.yaml", text: text)).diagnostics.map {
            "\($0.position.line):\($0.position.column): \($0.message)"
        }
    }

    @Test func countersStopAtAPauseAndContinueAfterAResume() throws {
        let (outcome, neverFired) = try run(
            """
                campaigns:
                  camp_1: {sent: 0+20x500, bounced: 0 2 4 6 8 8x500, totalEnrolled: 20000}
                pools: {pool_a: {dailyCapacity: 90000, remainingVolume: 90000}}
                expect:
                  - {at: 6m, campaign: camp_1, state: paused, actions: [pause camp_1]}
                  - {at: 60m, campaign: camp_1, state: paused}
                  - {at: 67m, campaign: camp_1, state: probation, actions: [pause camp_1, resume camp_1]}
                  - {at: 75m, campaign: camp_1, state: running, events: [campaign.probation_passed camp_1]}
            """)
        #expect(outcome.failures.isEmpty, "\(outcome.failures)")
        #expect(neverFired == ["fits"])
    }

    @Test func aRestartByAPersonIsAnOverride() throws {
        let outcome = try run(
            """
                campaigns: {camp_1: {sent: 0+20x500, bounced: 0+2x500}}
                acts: [{at: 20m, do: start, campaign: camp_1}]
                expect:
                  - {at: 19m, campaign: camp_1, state: paused}
                  - {at: 25m, campaign: camp_1, state: running, rules: {bounces: muted}, events: [campaign.override]}
            """
        ).outcome
        #expect(outcome.failures.isEmpty, "\(outcome.failures)")
    }

    @Test func aFailureReportsTheResultAndTheEvidence() throws {
        let outcome = try run(
            """
                campaigns: {camp_1: {sent: 0+20x60, bounced: 0}}
                expect:
                  - {at: 6m, campaign: camp_1, state: paused}
                  - {at: 6m, actions: [pause camp_1], events: [campaign.paused], no_events: [daemon.ready]}
            """
        ).outcome
        #expect(
            outcome.failures.map(\.expected) == [
                "camp_1 is paused", "actions: pause camp_1", "events: campaign.paused",
            ])
        #expect(outcome.failures.map(\.got) == ["camp_1 is running", "actions: none", "not reported"])
        let first = try #require(outcome.failures.first)
        #expect(first.position.line == 6)
        #expect(
            first.evidence.contains {
                $0.text.hasSuffix("bounceRate > 5%") && $0.outcome == "false" && $0.value == "0 % > 5 %"
            })
        #expect(first.timeline.last.map { "\($0.mark) \($0.at.policyText) \($0.text)" } == "- 6m camp_1 is paused")
    }

    @Test func gapsAreUnknownAndRestartsKeepState() throws {
        let outcome = try run(
            """
                campaigns: {camp_1: {sent: 0+20x60, bounced: 0 2 4 _x10 26 28 30 32 34}}
                acts: [{at: 15m, do: restart, for: 20s}]
                expect:
                  - {at: 12m, campaign: camp_1, state: running, rules: {bounces: inactive}}
                  - {at: 14m, campaign: camp_1, rules: {bounces: pending}}
                  - {at: 18m, campaign: camp_1, state: paused}
            """
        ).outcome
        #expect(outcome.failures.isEmpty, "\(outcome.failures)")
    }

    @Test func errorsHavePositions() {
        #expect(faults("tests: []") == ["1:1: the test file has no 'policy'"])
        let text = """
            policy: p
            tests:
              - name: t
                campaigns:
                  camp_1: {sent: 0+20y3, status: runing}
                acts:
                  - {at: 5, do: start, campaign: camp_1}
                  - {at: 5m, do: start, campaign: camp_2}
                expect:
                  - {at: 5m, campaign: camp_1, state: stopped, events: [campaign.pause]}
                  - {at: 5m}
            """
        #expect(
            faults(text) == [
                "5:38: status cannot be 'runing'", "5:22: '0+20y3' in sent is not part of a series",
                "7:14: at '5' is not a duration", "8:39: the test has no campaign 'camp_2'",
                "10:43: state cannot be 'stopped'", "10:61: unknown event 'campaign.pause'",
            ])
    }
}
