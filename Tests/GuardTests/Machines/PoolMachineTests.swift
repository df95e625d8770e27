import Model
import Policy
import Testing

@testable import Guard

/// One pool: its presence, its volume and its rules.
@Suite struct PoolMachineTests {
    static let start = Instant(milliseconds: 1_796_000_000_000)
    static let workspace = WorkspaceName("bench")
    static let id = PoolID(unchecked: "pool_a")

    private func at(_ seconds: Int) -> Instant { Self.start + .seconds(seconds) }

    private func pool(
        _ remaining: Int?, capacity: Int? = 1000, resetAt: Instant? = nil, contradiction: String? = nil
    ) -> SenderPool {
        var pool = SenderPool(id: Self.id, dailyCapacity: capacity, remainingVolume: remaining, resetAt: resetAt)
        pool.contradiction = contradiction
        return pool
    }

    private func see(_ machine: inout PoolMachine, _ pool: SenderPool, at seconds: Int = 0) -> [String] {
        machine.observe(pool, of: Self.workspace, at: at(seconds)).map { Transcript.word($0) }
    }

    // MARK: Presence

    @Test func aPoolIsMissingAtOnceOrAfterADoubt() {
        var machine = PoolMachine(id: Self.id)
        func doubt() -> Bool { machine.doubt() }
        func lose() -> Bool { machine.lose() }
        #expect(machine.pool == nil && !machine.isMissing && !machine.isDoubtful)
        #expect(see(&machine, pool(10)) == [])
        #expect(!doubt() && machine.isDoubtful && machine.pool?.remainingVolume == 10, "what was known stays")
        #expect(see(&machine, pool(20)) == [] && !machine.isDoubtful)
        #expect(!doubt() && doubt(), "twice in a row it is missing")
        #expect(lose() && machine.isMissing && machine.pool == nil)
        #expect(!lose(), "it is known")
        #expect(doubt() && machine.isMissing)
        #expect(see(&machine, pool(20)) == [] && !machine.isMissing)
        machine.forget()
        #expect(machine.pool == nil && !machine.isMissing)
        #expect(!doubt() && machine.isDoubtful && machine.pool == nil)
        machine.recall(pool(30), of: Self.workspace)
        #expect(machine.pool?.remainingVolume == 30 && machine.volume?.workspace == Self.workspace)
    }

    // MARK: Volume

    @Test func aPoolsVolumeRunsOutAndIsRenewed() {
        var machine = PoolMachine(id: Self.id)
        let steps: [(remaining: Int?, words: [String])] = [
            (10, []), (0, ["exhausted"]), (0, []), (nil, []), (1, ["renewed"]), (0, ["exhausted"]), (-5, []),
            (900, ["renewed"]),
        ]
        for (index, step) in steps.enumerated() {
            #expect(see(&machine, pool(step.remaining), at: index) == step.words, "\(index)")
        }
        #expect(machine.renewsAt(at: at(8)) == at(7 + 86400), "a day after more than a quarter came back")
    }

    @Test func aWindowRenewsAsReportedOrADayAfterTheLastRenewal() {
        var volume = PoolVolume(pool: pool(0), workspace: Self.workspace)
        #expect(volume.renewsAt(at: at(0)) == nil)
        _ = volume.observe(pool(250), at: at(10))
        #expect(volume.renewsAt(at: at(10)) == nil, "a quarter is not enough")
        _ = volume.observe(pool(501), at: at(20))
        #expect(volume.renewsAt(at: at(20)) == at(20 + 86400) && volume.renewsAt(at: at(20 + 86400)) == nil)
        _ = volume.observe(pool(501, resetAt: at(600)), at: at(30))
        #expect(volume.renewsAt(at: at(599)) == at(600) && volume.renewsAt(at: at(600)) == at(20 + 86400))
        _ = volume.observe(pool(0, capacity: nil), at: at(40))
        _ = volume.observe(pool(900, capacity: nil), at: at(50))
        #expect(volume.renewsAt(at: at(600)) == at(20 + 86400), "without a capacity nothing is seen")
    }

    @Test func aContradictionIsReportedUntilThreeResponsesAgree() {
        var machine = PoolMachine(id: Self.id)
        let bad = pool(nil, capacity: nil, contradiction: "twice")
        let words = [bad, bad, pool(1), pool(1), bad, pool(1), pool(1), pool(1), pool(1)].map { see(&machine, $0) }
        #expect(words == [["inconsistent"], [], [], [], [], [], [], ["consistent"], []])
    }

    @Test func aResponseIsCheckedForContradictions() {
        let other = SenderPool(id: PoolID(unchecked: "pool_b"), dailyCapacity: 10, remainingVolume: 5)
        let cases: [(name: String, answer: [SenderPool], contradicts: Bool)] = [
            ("plain", [pool(1000)], false), ("more than fits", [pool(1001)], true),
            ("a reset just past", [pool(1, resetAt: at(-300))], false),
            ("a reset long past", [pool(1, resetAt: at(-301))], true), ("twice the same", [pool(1), pool(1)], false),
            ("twice otherwise", [pool(1), pool(2)], true), ("other capacity", [pool(1), pool(1, capacity: 9)], true),
            ("the second contradicts", [pool(1), pool(1, contradiction: "x")], true),
            ("it says so", [pool(1, contradiction: "x")], true),
        ]
        for (name, answer, contradicts) in cases {
            let checked = PoolConsistency.checked(answer + [other], at: at(0))
            #expect(checked.map(\.id.text) == ["pool_a", "pool_b"], "\(name)")
            #expect((checked[0].contradiction != nil) == contradicts, "\(name)")
            #expect((checked[0].remainingVolume == nil) == contradicts && checked[1] == other, "\(name)")
        }
    }

    // MARK: Rules

    private func policy(_ limit: Int = 100, _ more: String = "") throws -> CheckedPolicy {
        try GuardBench.policy(
            """
            rules:
              \(more.isEmpty ? "" : more)
              - {name: low, on: pool, when: pool.remainingVolume < \(limit), for: 2m, then: alert}

            """)
    }

    @Test func aRuleFiresOnceAndIsStored() throws {
        let policy = try policy()
        var machine = PoolMachine(id: Self.id)
        func noteReported() -> Bool { machine.noteReported(ofRule: 0) }
        func observe(_ truth: Truth, _ seconds: Int) -> RuleState.Change? {
            machine.observe(truth, of: policy.rules[0], 0, at: at(seconds), maxGap: .seconds(180))
        }
        #expect(!noteReported(), "it was never evaluated")
        #expect(machine.state(ofRule: 0) == RuleState() && machine.states.isEmpty)
        #expect(observe(.yes, 0) == .pending && machine.hasPendingRule)
        #expect(observe(.unknown, 60) == nil)
        #expect(observe(.yes, 120) == .firing && !machine.hasPendingRule)
        #expect(noteReported() && !noteReported(), "once for each firing")
        var after = PoolMachine(id: Self.id)
        after.takeUp(machine.ruleMemories, policy, at: at(60))
        #expect(after.state(ofRule: 0).firingSince == at(60), "no time ahead is believed")
        #expect(after.state(ofRule: 0).wasReported)
        after.takeUp([], policy, at: at(200))
        #expect(after.states.count == 1)
        var other = PoolMachine(id: Self.id)
        other.takeUp(machine.ruleMemories, try self.policy(99), at: at(200))
        #expect(other.states.isEmpty, "another condition")
        #expect(observe(.no, 180) == .cleared && noteReported())
    }

    @Test func aReloadKeepsRulesAtAnyPosition() throws {
        var machine = PoolMachine(id: Self.id)
        _ = machine.observe(.yes, of: try policy().rules[0], 0, at: at(0), maxGap: .seconds(180))
        machine.adopt(try policy(100, "- {name: first, on: pool, when: pool.senders < 1, then: alert}"))
        #expect(machine.states.map(\.index) == [1] && machine.hasPendingRule)
        machine.adopt(try policy(99))
        #expect(machine.states.isEmpty)
    }
}
