import Guard
import Model
import Policy
import Reporting
import Testing

/// A reload that adds a workspace of which the ledger has a past, because an earlier process watched it.
@Suite struct JoinTimelineTests {
    private static let rule = "rules: [{name: b, when: bounceRate > 5% and resolved >= 50, then: pause}]"

    /// A policy with these workspaces; `other` has `camp_2`, and the launch of `camp_3`.
    private func policy(_ names: [String]) throws -> CheckedPolicy {
        let workspaces = names.map { "  - {name: \($0), provider: leadterra, credential: \($0).key}\n" }.joined()
        let hasOther = names.contains("other")
        let text = """
            version: 1
            mode: enforce
            workspaces:
            \(workspaces)campaigns:
            \(names.contains("bench") ? "  - {id: camp_1, workspace: bench}\n" : "")\
            \(hasOther ? "  - {id: camp_2, workspace: other}\n  - {id: camp_3, workspace: other}\n" : "")\
            \(hasOther ? "launches: [{campaign: camp_3}]\n" : "")\(Self.rule)
            """
        let outcome = PolicyLoader.load(SourceFile(name: "join", text: text))
        return try #require(outcome.policy, "\(outcome.diagnostics)")
    }

    /// What an earlier process stored of `other`: it paused `camp_2`, and a person held `camp_3`.
    private func past() throws -> (memory: Memory, decision: Int) {
        var bench = GuardBench(try policy(["other"]))
        #expect(try bench.order(.hold, 3).accepted)
        bench.see(2, sent: 100, bounced: 40)
        let pause = try #require(bench.sent().last)
        bench.confirmPause(pause)
        var stored = StoredMemory()
        for record in bench.records { try stored.store(record) }
        return (stored.memory, pause.decision.id)
    }

    @Test func aPauseAndAHoldAreKnownAgain() throws {
        let (memory, decision) = try past()
        var bench = GuardBench(try policy(["bench"]))
        bench.handle(.joined(memory))
        bench.handle(.reloaded(try policy(["bench", "other"])))
        bench.answerPolls([3: 100], remaining: 600)
        bench.wait(.seconds(600))
        bench.answerPolls([3: 100], remaining: 600)
        #expect(bench.sent().isEmpty, "camp_3 is held")
        let status = bench.warden.status(at: bench.now)
        #expect(status.campaigns.first { $0.id.text == "camp_2" }?.pauseRule == "b")
        #expect(status.campaigns.first { $0.id.text == "camp_2" }?.decision == decision)
        #expect(status.launches.first?.state == .held)
        #expect(try bench.order(.release, 3).accepted)
        bench.answerPolls([3: 100], remaining: 600)
        #expect(bench.sent().map(\.action) == [.start])
    }

    @Test func decisionsGoOnAfterTheHighestNumber() throws {
        let (memory, decision) = try past()
        var bench = GuardBench(try policy(["bench"]))
        bench.handle(.joined(memory))
        bench.handle(.reloaded(try policy(["bench", "other"])))
        bench.see(1, sent: 100, bounced: 40)
        #expect(try #require(bench.sent().last).decision.id > decision)
    }

    @Test func whatThisProcessKnowsOutranksTheLedger() throws {
        let (memory, _) = try past()
        var bench = GuardBench(try policy(["bench", "other"]))
        bench.see(2, sent: 100, bounced: 0)
        bench.wait(.seconds(60))
        bench.see(2, sent: 150, bounced: 0)
        bench.handle(.reloaded(try policy(["bench"])))
        bench.handle(.joined(memory))
        bench.handle(.reloaded(try policy(["bench", "other"])))
        let status = bench.warden.status(at: bench.now)
        #expect(status.campaigns.first { $0.id.text == "camp_2" }?.state == .running, "the ledger's pause is older")
    }
}
