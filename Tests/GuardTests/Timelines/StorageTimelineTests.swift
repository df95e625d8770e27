import Guard
import Model
import Policy
import Testing

/// Records are handed out for storing, and again after a failure.
@Suite struct StorageTimelineTests {
    private static let launch = """
        launches:
          - {campaign: camp_1}
        rules:
          - {name: fits, on: launch, when: totalEnrolled > pool.available, then: hold}
        """
    private static let start = Instant(milliseconds: 1_796_000_000_000)

    private func records(_ effects: [Effect]) -> [LedgerRecord] {
        effects.compactMap { if case .record(let record) = $0 { record } else { nil } }
    }

    @Test func lostRecordsAreHandedOutAgain() throws {
        let policy = try GuardBench.policy(Self.launch)
        let id = CampaignID(unchecked: "camp_1")
        var warden = Guard(policy: policy, at: Self.start)
        _ = warden.handle(.started, at: Self.start)
        _ = warden.handle(.recorded(failure: "no room is left on the disk"), at: Self.start)
        // Records from here on are lost.
        _ = warden.handle(.ordered(Order(.hold, id, by: "anna")), at: Self.start)
        _ = warden.handle(.recorded(failure: "no room is left on the disk"), at: Self.start)
        var memory = Memory()
        for record in records(warden.handle(.recorded(failure: nil), at: Self.start)) { memory.store(record) }
        let restarted = Guard(policy: policy, memory: memory, at: Self.start + .seconds(5))
        #expect(restarted.launches[id]?.heldBy?.by == "anna")
        #expect(memory.campaigns.map(\.id) == [id])
    }

    @Test func unchangedRecordsAreHandedOutOnce() throws {
        var warden = Guard(policy: try GuardBench.policy(Self.launch), at: Self.start)
        _ = warden.handle(.started, at: Self.start)
        let isLaunch: (LedgerRecord) -> Bool = { if case .launch = $0 { true } else { false } }
        let order = Order(.hold, CampaignID(unchecked: "camp_1"), by: "anna")
        #expect(records(warden.handle(.ordered(order), at: Self.start)).filter(isLaunch).count == 1)
        #expect(!records(warden.handle(.tick, at: Self.start)).contains(where: isLaunch))
    }
}
