import Foundation
import Model
import Policy
import Testing

@testable import Guard

/// A ledger of the version before the state machines is restored with the same meaning.
@Suite struct LegacyMemoryTests {
    static let campaign = CampaignID(unchecked: "camp_1")
    static let rules = """
        rules:
          - name: bounces
            when: bounceRate > 5% and resolved >= 50
            then: pause
            resume: {after: 1h, probation: {sends: 50, when: bounceRate > 2% and resolved >= 20}}

        """
    static let launch = "launches:\n  - {campaign: camp_1}\n"

    struct Phase: CustomTestStringConvertible, Sendable {
        var json: String
        var state: CampaignState
        var testDescription: String { state.rawValue }
    }

    static let phases = [
        Phase(json: #"{"unknown":{}}"#, state: .unknown), Phase(json: #"{"draft":{}}"#, state: .draft),
        Phase(json: #"{"releasing":{}}"#, state: .draft), Phase(json: #"{"running":{}}"#, state: .probation),
        Phase(
            json: """
                {"pausing":{"_0":{"failures":2,"intent":{"action":"pause","attempt":3,"campaign":"camp_1",
                "decision":\(LegacyLedger.decision),"firstSentAt":1796000000050,"sentAt":1796000003050},
                "lostAttempts":[1796000000050],"reminder":{"dueAt":1796000300050,
                "interval":[16,4852094820647174144]}}}}
                """, state: .pausing),
        Phase(json: #"{"paused":{"_0":\#(LegacyLedger.pause)}}"#, state: .paused),
        Phase(json: #"{"pausedByAnother":{"_0":\#(LegacyLedger.standstill)}}"#, state: .pausedByAnother),
    ]

    @Test(arguments: phases) func aCampaignsPhaseIsRead(_ phase: Phase) throws {
        let memory = try LegacyLedger.decode(LegacyLedger.campaign(phase.json), as: CampaignMemory.self)
        #expect(memory.phase.state(isOnProbation: true) == phase.state)
        #expect(memory.resumes.relapses == 2 && memory.resumes.isOnProbation && memory.resumes.resumes.count == 1)
        #expect(memory.standingSince == Instant(milliseconds: 1_795_990_000_000) && memory.isStandstillReported)
        let rule = try #require(memory.rules.first)
        #expect(rule.state.isFiring && rule.state.wasReported)
        #expect(rule.state.mutedUntil == Instant(milliseconds: 1_796_000_600_000))
        // The current encoding is read the same way.
        let copy = try JSONDecoder().decode(CampaignMemory.self, from: JSONEncoder().encode(memory))
        #expect(copy == memory)
    }

    @Test func allFieldsOfAPauseAreRead() throws {
        let memory = try LegacyLedger.decode(
            LegacyLedger.campaign(Self.phases[4].json, more: #","mutes":{"bounces":{"until":9,"by":"anna"}}"#),
            as: CampaignMemory.self)
        guard case .pausing(let attempt) = memory.phase else { return #expect(Bool(false), "\(memory.phase)") }
        #expect(attempt.failures == 2 && attempt.intent.attempt == 3 && attempt.lostAttempts.count == 1)
        #expect(attempt.reminder?.interval == .seconds(300))
        #expect(attempt.intent.decision.cause == .rule("bounces"))
        #expect(attempt.intent.decision.evidence?.truth == .yes)
        #expect(memory.mutes == ["bounces": Mute(until: Instant(milliseconds: 9), by: "anna")])
    }

    @Test func aResumesStepsAndReasonAreRead() throws {
        let json = """
            {"resuming":{"_0":{"countedBefore":\(LegacyLedger.stats),"mayHaveTakenEffect":true,
             "pause":\(LegacyLedger.pause),"step":{"judging":{"since":1796003600050}},
             "toldReason":"fresh numbers could not be had: HTTP 503","order":\(LegacyLedger.person),
             "orderedAt":1796003600000,"wasAnothers":true,"awaitsVolumeSince":1796003600000}}}
            """
        let memory = try LegacyLedger.decode(LegacyLedger.campaign(json), as: CampaignMemory.self)
        guard case .resuming(let attempt) = memory.phase else { return #expect(Bool(false), "\(memory.phase)") }
        #expect(attempt.step == .evaluating(since: Instant(milliseconds: 1_796_003_600_050)))
        #expect(attempt.mayHaveTakenEffect && attempt.countedBefore?.bounced == 10 && attempt.wasAnothers == true)
        #expect(attempt.order?.by == "anna" && attempt.orderedAt != nil && attempt.awaitsVolumeSince != nil)
        // A text cannot be compared with the current reasons: a lasting hindrance is reported once more.
        #expect(attempt.reported == nil)
    }

    @Test func everyCauseOfADecisionIsRead() throws {
        let json = """
            [{"rule":{"_0":"r"}},{"relapse":{"_0":"r"}},{"coolDownOver":{"_0":"r"}},{"launchRulesPass":{}},
             {"unapprovedLaunch":{}},{"order":{"_0":\(LegacyLedger.person)}}]
            """
        let causes = try LegacyLedger.decode(json, as: [Decision.Cause].self)
        let order = Order(.release, Self.campaign, isForced: true, reason: "urgent", by: "anna")
        let expected: [Decision.Cause] = [
            .rule("r"), .relapse("r"), .cooldownOver("r"), .launchRulesPass, .unapprovedLaunch, .order(order),
        ]
        #expect(causes == expected)
    }

    @Test func aLaunchsPhaseIsRead() throws {
        let cases: [(json: String, phase: LaunchMemory.Phase)] = [
            (#"{"waiting":{}}"#, .waiting), (#"{"judging":{"since":5}}"#, .judging(since: Instant(milliseconds: 5))),
            (#"{"released":{}}"#, .released), (#"{"closed":{}}"#, .closed),
            (#"{"held":{"_0":[{"startFailed":{}}]}}"#, .held([.startFailed])),
        ]
        for (json, phase) in cases {
            let memory = try LegacyLedger.decode(LegacyLedger.launch(json), as: LaunchMemory.self)
            #expect(memory.phase == phase && memory.legacyStart == nil)
        }
        let releasing = #"{"releasing":{"_0":\#(LegacyLedger.start)}}"#
        let started = try LegacyLedger.decode(LegacyLedger.launch(releasing), as: LaunchMemory.self)
        #expect(started.legacyStart?.action == .start && started.phaseName == "releasing")
        let lost = try LegacyLedger.decode(
            LegacyLedger.launch(cases[4].json, more: #","lostStart":\#(LegacyLedger.start)"#), as: LaunchMemory.self)
        #expect(lost.legacyStart == started.legacyStart)
    }

    @Test func everyReasonAndOrderOfALaunchIsRead() throws {
        let memory = try LegacyLedger.decode(LegacyLedger.heldLaunch, as: LaunchMemory.self)
        let reasons: [HoldReason] = [
            .rule("fits"), .unknownRule("age"), .noStats, .noLeads, .noFreshStats, .startFailed, .startLimit, .ledger,
            .paused, .person("anna"),
        ]
        #expect(memory.phase == .held(reasons) && memory.reportedReasons == reasons)
        #expect(memory.reportedCannotFit == 5000 && memory.reportedRules == ["watch"] && memory.wasDryRun == true)
        #expect(memory.heldBy?.by == "anna" && memory.forcedBy?.isForced == true)
        #expect(memory.forcedUntil == Instant(milliseconds: 1_796_003_600_000))
        #expect(memory.heldSince == Instant(milliseconds: 1_796_000_000_000))
    }

    @Test func bothLimitsAreReadFromTheFormerOne() throws {
        let memory = try LegacyLedger.decode(LegacyLedger.workspace, as: WorkspaceMemory.self)
        let policy = try GuardBench.policy("start_limit: {share: 50%, per: 1h}\n", campaigns: 2)
        let now = Instant(milliseconds: 1_796_000_060_000)
        var limit = memory.startLimit
        #expect(limit.earliestStart(of: Self.campaign, policy, at: now) == now + .milliseconds(3_540_001))
        #expect(limit.report(policy).isEmpty, "it was reported before")
        var breaker = memory.circuitBreaker
        #expect(breaker.check(breaching: 6, running: 8, policy).effects.isEmpty, "it was reported before")
        #expect(memory.lastDecision == 12 && memory.skew?.count == 1)
        #expect(memory.reservations.reserved(in: PoolID(unchecked: "pool_a")) == 90)
        let copy = try JSONDecoder().decode(WorkspaceMemory.self, from: JSONEncoder().encode(memory))
        #expect(copy == memory)
    }

    @Test func aPoolsChangeUnderWayIsRead() throws {
        let memory = try LegacyLedger.decode(LegacyLedger.pool, as: PoolMemory.self)
        let attempt = try #require(memory.senders.attempt)
        #expect(attempt.isSlowReported && attempt.change.decision == 7 && memory.senders.failures == 2)
        #expect(memory.senders.removed.count == 1 && memory.senders.excluded.count == 1)
        guard case .processing(let id, _, _, let wait) = attempt.step else { return #expect(Bool(false)) }
        #expect(id.text == "comms_operation_1" && wait == .seconds(300))
        guard case .pending = memory.rules.first?.state.phase else { return #expect(Bool(false)) }
    }

    // MARK: Taken up

    private func takenUp(_ campaign: String, _ launch: String, _ more: String = "") throws -> Guard {
        let memory = Memory(
            campaigns: [try LegacyLedger.decode(campaign)], launches: [try LegacyLedger.decode(launch)])
        return Guard(
            policy: try GuardBench.policy(more + Self.rules), memory: memory,
            at: Instant(milliseconds: 1_796_000_010_000))
    }

    @Test func aStartUnderWayMayHaveTakenEffect() throws {
        for launch in [
            LegacyLedger.launch(#"{"releasing":{"_0":\#(LegacyLedger.start)}}"#),
            LegacyLedger.launch(
                #"{"held":{"_0":[{"startFailed":{}}]}}"#, more: #","lostStart":\#(LegacyLedger.start)"#),
        ] {
            let warden = try takenUp(
                LegacyLedger.draft(#"{"releasing":{}}"#), launch, Self.launch)
            let machine = try #require(warden.campaigns[Self.campaign])
            #expect(machine.lostStart?.firstSentAt == Instant(milliseconds: 1_796_000_000_200))
            #expect(machine.startUnderWay == nil)
            #expect(warden.launches[Self.campaign]?.phase == .held([.startFailed]))
        }
    }

    @Test func aStoredStartWithoutALaunchDoesNotUndoLaterState() throws {
        let launch = LegacyLedger.launch(#"{"releasing":{"_0":\#(LegacyLedger.start)}}"#)
        for phase in ["running", "paused"] {
            let json = phase == "running" ? #"{"running":{}}"# : #"{"paused":{"_0":\#(LegacyLedger.pause)}}"#
            let warden = try takenUp(LegacyLedger.campaign(json), launch)
            #expect(warden.campaigns[Self.campaign]?.lostStart == nil, "\(phase)")
        }
    }
}
