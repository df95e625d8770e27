import Guard
import Model
package import Policy
import Reporting

/// Runs a policy's tests.
package struct TestRunner {
    /// The result of one test.
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
        /// The rules involved, part by part.
        package var evidence: [EvidenceLine]
        /// The last events before the check, and what was expected instead.
        package var timeline: [TimelineLine]
    }

    package struct EvidenceLine: Hashable, Sendable {
        package var text: String
        package var outcome: String
        package var value: String
    }

    package struct TimelineLine: Hashable, Sendable {
        /// `+` for what happened, `-` for what was expected and did not happen.
        package var mark: String
        package var at: Duration
        package var text: String
    }

    private let policy: CheckedPolicy
    /// The rules that fired or held a launch in some test.
    package private(set) var fired: Set<String> = []

    package init(policy: CheckedPolicy) { self.policy = policy }

    /// The rules that fired in no test, in the policy's order.
    package var neverFired: [String] {
        policy.rules.filter { $0.variants.contains { $0.mode != .off } && !fired.contains($0.name) }.map(\.name)
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

    // MARK: Evaluation

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
            let got = explain(id)?.launch?.state ?? "none"
            if got != state { fail("launch of \(id) is \(state)", "launch of \(id) is \(got)", about: id) }
        case .rule(let rule, let id, let pool, let state):
            let got = ruleState(rule, id, pool, rehearsal)
            if got != state {
                let name = [rule, id?.text ?? pool?.text].compactMap(\.self).joined(separator: " for ")
                fail("rule \(name) is \(state)", "rule \(name) is \(got)", about: id, rules: [rule])
            }
        case .actions(let actions):
            if rehearsal.actions != actions {
                fail("actions: \(list(actions))", "actions: \(list(rehearsal.actions))", about: only(rehearsal))
            }
        case .events(let events):
            let missing = events.filter { !wasReported($0, rehearsal) }
            if !missing.isEmpty { fail("events: \(list(missing))", "not reported", about: only(rehearsal)) }
        case .noEvents(let events):
            let reported = events.filter { wasReported($0, rehearsal) }
            if !reported.isEmpty { fail("no events: \(list(reported))", "reported", about: only(rehearsal)) }
        }
        return failure
    }

    private static func list(_ words: [String]) -> String { words.isEmpty ? "none" : words.joined(separator: ", ") }

    private static func wasReported(_ wanted: String, _ rehearsal: Rehearsal) -> Bool {
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
        let target = rehearsal.warden.explanation(ofRule: rule, at: rehearsal.now)?.places.first {
            $0.id == (pool?.text ?? id?.text)
        }
        guard let target else { return "not found" }
        return target.state == "unknown" ? "inactive" : target.state
    }

    /// The campaign whose evidence is shown, if the test has only one.
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
        let events = rehearsal.moments.filter { moment in
            guard let id, let about = moment.event.fields[.campaign] else { return true }
            return about == id.text
        }
        return events.suffix(12).map {
            TimelineLine(mark: "+", at: $0.at, text: "\($0.event.kind.rawValue): \($0.event.message)")
        } + [TimelineLine(mark: "-", at: check.at, text: expected)]
    }
}
