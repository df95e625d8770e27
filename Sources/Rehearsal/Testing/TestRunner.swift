import Guard
import Model
package import Policy

/// Runs a policy's tests.
package struct TestRunner {
    /// What came of one test.
    package struct Outcome: Sendable {
        package var name: String
        package var checks: Int
        package var failures: [Failure]
    }

    /// An expectation that was not met.
    package struct Failure: Sendable {
        package var at: Duration
        package var position: Position
        package var expected: String
        package var got: String
        /// The rules behind it, part by part.
        package var evidence: [EvidenceLine]
        /// What was told until then, and in its place what was not.
        package var timeline: [TimelineLine]
    }

    package struct EvidenceLine: Hashable, Sendable {
        package var text: String
        package var outcome: String
        package var value: String
    }

    package struct TimelineLine: Hashable, Sendable {
        /// `+` for what happened, `-` for what was expected and did not.
        package var mark: String
        package var at: Duration
        package var text: String
    }

    private let policy: CheckedPolicy
    /// The rules that some test made fire, or hold.
    package private(set) var fired: Set<String> = []

    package init(policy: CheckedPolicy) { self.policy = policy }

    /// The rules that no test made fire, in the policy's order.
    package var neverFired: [String] {
        policy.rules.filter { $0.mode != .off && !fired.contains($0.name) }.map(\.name)
    }

    package mutating func run(_ test: PolicyTest) -> Outcome {
        var rehearsal = Rehearsal(test, policy)
        var failures: [Failure] = []
        for check in test.checks {
            rehearsal.run(until: check.at)
            if let failure = TestRunner.failure(check, rehearsal) { failures.append(failure) }
        }
        for moment in rehearsal.moments {
            guard let rule = moment.event.fields[.rule] else { continue }
            if [.ruleFiring, .launchHeld].contains(moment.event.kind) { fired.insert(rule) }
        }
        return Outcome(name: test.name, checks: test.checks.count, failures: failures)
    }

    // MARK: Judging

    private static func failure(_ check: PolicyTest.Check, _ rehearsal: Rehearsal) -> Failure? {
        var failure: Failure?
        func fail(_ expected: String, _ got: String, about campaign: CampaignID? = nil, rules: [String]? = nil) {
            failure = Failure(
                at: check.at, position: check.position, expected: expected, got: got,
                evidence: evidence(campaign, rules, rehearsal), timeline: timeline(check, expected, campaign, rehearsal)
            )
        }
        let explain: (CampaignID) -> Explanation? = { rehearsal.warden.explanation(of: $0, at: rehearsal.now) }
        switch check.expectation {
        case .state(let id, let state):
            let got = explain(id)?.state.rawValue ?? "not in the policy"
            if got != state { fail("\(id) is \(state)", "\(id) is \(got)", about: id) }
        case .launch(let id, let state):
            let got = explain(id)?.launch?.state ?? "not there"
            if got != state { fail("the launch of \(id) is \(state)", "it is \(got)", about: id) }
        case .rule(let rule, let id, let pool, let state):
            let got = ruleState(rule, id, pool, rehearsal)
            if got != state {
                fail(
                    "rule \(rule) is \(state) on \(id?.text ?? pool?.text ?? "it")", "it is \(got)", about: id,
                    rules: [rule])
            }
        case .actions(let actions):
            if rehearsal.actions != actions {
                fail("sent: \(list(actions))", "sent: \(list(rehearsal.actions))", about: only(rehearsal))
            }
        case .told(let events):
            let missing = events.filter { !isTold($0, rehearsal) }
            if !missing.isEmpty { fail("told by then: \(list(missing))", "not told", about: only(rehearsal)) }
        case .untold(let events):
            let told = events.filter { isTold($0, rehearsal) }
            if !told.isEmpty { fail("not told by then: \(list(told))", "told", about: only(rehearsal)) }
        }
        return failure
    }

    private static func list(_ words: [String]) -> String { words.isEmpty ? "nothing" : words.joined(separator: ", ") }

    private static func isTold(_ wanted: String, _ rehearsal: Rehearsal) -> Bool {
        let words = wanted.split(separator: " ")
        return rehearsal.moments.contains { moment in
            guard moment.event.kind.rawValue == words.first.map(String.init) else { return false }
            return words.dropFirst().allSatisfy { word in
                [moment.event.fields[.campaign], moment.event.fields[.rule], moment.event.fields[.pool]]
                    .contains(String(word))
            }
        }
    }

    private static func ruleState(
        _ rule: String, _ id: CampaignID?, _ pool: PoolID?, _ rehearsal: Rehearsal
    ) -> String {
        if let id,
            let part = rehearsal.warden.explanation(of: id, at: rehearsal.now)?.rules.first(where: { $0.name == rule })
        {
            return part.mutedUntil != nil ? "muted" : part.state
        }
        let place = rehearsal.warden.explanation(ofRule: rule, at: rehearsal.now)?.places.first {
            $0.id == (pool?.text ?? id?.text)
        }
        guard let place else { return "not there" }
        return place.state == "unknown" ? "inactive" : place.state
    }

    /// The campaign to show the evidence of, where there is just one.
    private static func only(_ rehearsal: Rehearsal) -> CampaignID? {
        let campaigns = rehearsal.warden.policy.campaigns
        return campaigns.count == 1 ? campaigns[0].id : nil
    }

    private static func evidence(_ id: CampaignID?, _ rules: [String]?, _ rehearsal: Rehearsal) -> [EvidenceLine] {
        guard let id, let explanation = rehearsal.warden.explanation(of: id, at: rehearsal.now) else { return [] }
        var lines: [EvidenceLine] = []
        for rule in explanation.rules where rules?.contains(rule.name) ?? true {
            lines.append(EvidenceLine(text: "rule \(rule.name)", outcome: "", value: rule.state))
            lines += rule.tree.rows(depth: 1).map { EvidenceLine(text: $0.text, outcome: $0.outcome, value: $0.value) }
        }
        return lines
    }

    private static func timeline(
        _ check: PolicyTest.Check, _ expected: String, _ id: CampaignID?, _ rehearsal: Rehearsal
    ) -> [TimelineLine] {
        let told = rehearsal.moments.filter { moment in
            guard let id, let about = moment.event.fields[.campaign] else { return true }
            return about == id.text
        }
        return told.suffix(12).map {
            TimelineLine(mark: "+", at: $0.at, text: "\($0.event.kind.rawValue): \($0.event.message)")
        } + [TimelineLine(mark: "-", at: check.at, text: expected)]
    }
}
