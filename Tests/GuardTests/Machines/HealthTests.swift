import Model
import Policy
import Testing

@testable import Guard

/// The health of the API and of the ledger.
@Suite struct HealthTests {
    static let start = Instant(milliseconds: 1_796_000_000_000)
    static let one = Target.stats(CampaignID(unchecked: "camp_1"))
    static let two = Target.stats(CampaignID(unchecked: "camp_2"))

    private func health() -> APIHealth {
        APIHealth(WorkspaceLabel(name: WorkspaceName("bench"), provider: .leadterra, isOnly: true))
    }

    struct Step: Sendable {
        var at: Int
        var target: Target
        /// Nil for a success.
        var kind: Fault.Kind?
        var words: [String]
    }

    private func run(_ steps: [Step]) -> APIHealth {
        var health = health()
        for step in steps {
            let now = Self.start + .seconds(step.at)
            let effects =
                step.kind.map { health.note(Fault($0, "no"), step.target, at: now) }
                ?? health.noteSuccess(step.target, at: now)
            #expect(Transcript.words(effects) == step.words, "at \(step.at)s")
        }
        return health
    }

    @Test func remindersComeAtDoublingIntervals() {
        let steps = [
            Step(at: 0, target: Self.one, kind: .unreachable, words: ["unreachable 1"]),
            Step(at: 60, target: Self.one, kind: .unreachable, words: []),
            Step(at: 299, target: Self.one, kind: .unreachable, words: []),
            Step(at: 300, target: Self.one, kind: .unreachable, words: ["unreachable 1 for 300s"]),
            Step(at: 899, target: Self.two, kind: .unreachable, words: []),
            Step(at: 900, target: Self.one, kind: .unreachable, words: ["unreachable 2 for 900s"]),
            Step(at: 910, target: Self.one, kind: nil, words: []),
            Step(at: 920, target: Self.one, kind: nil, words: []),
            Step(at: 930, target: Self.two, kind: nil, words: ["unreachable recovered after 930s"]),
            Step(at: 940, target: Self.two, kind: nil, words: []),
        ]
        #expect(run(steps).failure == nil)
    }

    @Test func recoveryIsReportedOnlyOnceNoTargetFails() {
        let steps = [
            Step(at: 0, target: Self.one, kind: .unexpected, words: ["unexpected 1"]),
            Step(at: 1, target: Self.two, kind: .refused, words: []),
            Step(at: 2, target: Self.one, kind: .throttled, words: ["throttled 1"]),
            Step(at: 3, target: Self.two, kind: .unauthorized, words: ["unauthorized 1"]),
            Step(at: 4, target: Self.two, kind: .missing, words: []),
            Step(at: 9, target: Self.two, kind: nil, words: []),
            Step(
                at: 10, target: Self.one, kind: nil,
                words: [
                    "unauthorized recovered after 1s", "throttled recovered after 8s", "unexpected recovered after 3s",
                ]),
        ]
        #expect(run(Array(steps.prefix(4))).failure == .unauthorized, "the most severe")
        #expect(run(Array(steps.prefix(5))).failure == .throttled, "the platform knows what is missing")
        #expect(run(steps).failure == nil)
    }

    static let kinds: [Fault.Kind] = [.unauthorized, .unreachable, .throttled, .unexpected]
    static let changes: [[Fault.Kind]] = kinds.flatMap { first in
        kinds.filter { $0 != first }.map { [first, $0] }
    }

    @Test(arguments: changes)
    func aChangeOfTheKindIsNoRecovery(_ change: [Fault.Kind]) {
        let (first, second) = (change[0], change[1])
        let recovered = Self.kinds.filter(change.contains).map {
            $0 == first ? "\($0) recovered after 8s" : "\($0) recovered after 12s"
        }
        let steps = [
            Step(at: 0, target: Self.one, kind: first, words: ["\(first) 1"]),
            Step(at: 8, target: Self.one, kind: second, words: ["\(second) 1"]),
            Step(at: 20, target: Self.one, kind: nil, words: recovered),
            Step(at: 21, target: Self.one, kind: nil, words: []),
        ]
        #expect(run(Array(steps.prefix(2))).failure?.rawValue == second.rawValue)
        #expect(run(steps).failure == nil)
    }

    @Test func aKindThatReturnsWithinAnOutageIsNotNew() {
        let steps = [
            Step(at: 0, target: Self.one, kind: .unreachable, words: ["unreachable 1"]),
            Step(at: 60, target: Self.one, kind: .throttled, words: ["throttled 1"]),
            Step(at: 120, target: Self.one, kind: .unreachable, words: []),
            Step(at: 180, target: Self.one, kind: .throttled, words: []),
            Step(at: 310, target: Self.one, kind: .unreachable, words: ["unreachable 1 again for 310s"]),
            Step(at: 320, target: Self.one, kind: .throttled, words: []),
            Step(at: 2000, target: Self.one, kind: .unreachable, words: ["unreachable 1"]),
            Step(
                at: 2001, target: Self.one, kind: nil,
                words: ["unreachable recovered after 1s", "throttled recovered after 1940s of flapping"]),
        ]
        #expect(run(steps).failure == nil)
    }

    @Test func aFlappingFailureIsOneFailure() {
        let steps = [
            Step(at: 0, target: Self.one, kind: .unreachable, words: ["unreachable 1"]),
            Step(at: 60, target: Self.one, kind: nil, words: ["unreachable recovered after 60s"]),
            Step(at: 359, target: Self.one, kind: .unreachable, words: ["unreachable 1 again for 359s"]),
            Step(at: 360, target: Self.one, kind: nil, words: ["unreachable recovered after 360s of flapping"]),
            Step(at: 400, target: Self.one, kind: .unreachable, words: []),
            Step(at: 410, target: Self.one, kind: nil, words: []),
            Step(at: 1010, target: Self.one, kind: .unreachable, words: ["unreachable 1"]),
        ]
        #expect(run(steps).failure == .unreachable)
    }

    @Test func aReloadKeepsFailuresOfRemainingTargets() throws {
        let before = run([
            Step(at: 0, target: Self.one, kind: .unreachable, words: ["unreachable 1"]),
            Step(at: 0, target: Self.two, kind: .throttled, words: ["throttled 1"]),
        ])
        let reloaded = Self.start + .seconds(30)
        let later = Self.start + .seconds(60)
        var after = health()
        after.adopt(before, targets: [Self.two], at: reloaded)
        #expect(after.failure == .throttled)
        #expect(Transcript.words(after.note(Fault(.throttled, ""), Self.two, at: later)) == [])
        // Nothing has been answered, so the API is not healthy although every failing target is gone.
        after = health()
        after.adopt(before, targets: [], at: reloaded)
        #expect(after.failure == .unreachable)
        #expect(
            Transcript.words(after.noteSuccess(.pools(WorkspaceName("bench")), at: later))
                == ["unreachable recovered after 30s", "throttled recovered after 30s"])
        #expect(after.failure == nil)
    }

    @Test func workspacesFailIndependently() throws {
        let policy = try GuardBench.policy("")
        let book = RuleBook(policy)
        var table = APIHealthTable(policy)
        let outcome = PollOutcome(target: Self.one, requestedAt: Self.start, result: .failure(Fault(.unreachable, "")))
        #expect(table.note(outcome, in: WorkspaceName("elsewhere"), at: Self.start).isEmpty)
        #expect(table.failure(of: WorkspaceName("bench")) == nil && !table.knows(WorkspaceName("elsewhere")))
        #expect(table.note(outcome, in: WorkspaceName("bench"), at: Self.start).count == 1)
        #expect(table.failure(of: WorkspaceName("bench")) == .unreachable && table.knows(WorkspaceName("bench")))
        #expect(
            APIHealthTable(book, adopting: table, at: Self.start).failure(of: WorkspaceName("bench")) == .unreachable)
    }

    @Test func aLedgerFailureIsReportedRepeatedAndRecovered() {
        var ledger = LedgerHealth()
        let steps: [(at: Int, failure: String?, words: [String])] = [
            (0, nil, []), (1, "disk", ["ledger fails"]), (300, "disk", []), (301, "disk", ["ledger still fails"]),
            (900, "disk", []), (901, "disk", ["ledger still fails"]), (902, nil, ["ledger recovered after 901s"]),
            (903, nil, []), (904, "disk", ["ledger fails"]),
        ]
        for step in steps {
            let effects = ledger.note(failure: step.failure, at: Self.start + .seconds(step.at))
            #expect(Transcript.words(effects) == step.words && ledger.isFailing == (step.failure != nil), "\(step.at)")
        }
    }

    @Test func skewIsLearnedFromConsistentTimestamps() {
        let cases: [(offsets: [Int], earliest: Int)] = [
            ([], -5), ([-30, -30], -5), ([-30, -30, -30], -32), ([-30, -31, -32], -34), ([-30, 0, 30], -5),
            ([3, 3, 3], -2), ([-61, -61, -61], -5), ([61, 61, 61], -5), ([6, 6, 6], -5), ([-60, -60, -60], -62),
            ([-30, -30, -30, 0, 0], -5),
            // Only the newest nine count.
            ([-30, -30, -30, -30, -30, 0, 0, 0, 0, 0, 0, 0, 0, 0], -2),
        ]
        for (offsets, earliest) in cases {
            var skews = StampSkews()
            for offset in offsets { skews.note(.seconds(offset), in: WorkspaceName("bench")) }
            #expect(skews[WorkspaceName("bench")].earliest == .seconds(earliest), "\(offsets)")
            #expect(skews[WorkspaceName("other")].earliest == .seconds(-5))
        }
    }
}
