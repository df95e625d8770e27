import Model
import Policy
import Testing

@testable import Guard

/// The reported pools and accounts, and the reserved volume.
@Suite struct PoolDirectoryTests {
    static let start = Instant(milliseconds: 1_796_000_000_000)
    static let workspace = WorkspaceName("bench")
    static let camp = CampaignEntry(
        id: CampaignID(unchecked: "camp_1"), workspace: workspace, pool: PoolID(unchecked: "pool_a"))
    static let binding = "pools:\n  - {name: pool_a, pool_where: {name: Marketing}, per_sender_daily: 50}\n"

    private func at(_ seconds: Int) -> Instant { Self.start + .seconds(seconds) }

    private func pool(_ id: String, _ remaining: Int? = 100) -> SenderPool {
        SenderPool(id: PoolID(unchecked: id), dailyCapacity: 1000, remainingVolume: remaining)
    }

    private func see(_ pools: inout PoolDirectory, _ answer: [SenderPool], at seconds: Int) -> [String] {
        pools.observe(pools: answer, of: Self.workspace, requestedAt: at(seconds), at: at(seconds))
            .map { "\($0.pool) \(Transcript.word($0))" }
    }

    private func directory(_ more: String = "") throws -> PoolDirectory {
        PoolDirectory(try GuardBench.policy(more), at: Self.start)
    }

    @Test func aMissingUsedPoolIsReportedOnce() throws {
        var pools = try directory()
        #expect(see(&pools, [pool("pool_b", 0)], at: 0) == ["pool_a missing"], "nobody uses the other")
        #expect(see(&pools, [pool("pool_b")], at: 1) == [])
        #expect(see(&pools, [pool("pool_a", 0)], at: 2) == ["pool_a exhausted"])
        #expect(pools.machine(PoolID(unchecked: "pool_b"))?.pool == nil, "it left the answer")
        #expect(see(&pools, [], at: 3) == ["pool_a missing"])
        #expect(!pools.knowsPool(of: Self.camp))
    }

    @Test func olderAnswersAreOutdated() throws {
        var pools = try directory()
        let target = Target.pools(Self.workspace)
        #expect(pools.requestedAt(target) == nil && !pools.isOutdated(target, requestedAt: at(0)))
        _ = see(&pools, [pool("pool_a")], at: 10)
        #expect(pools.requestedAt(target) == at(10))
        #expect(pools.isOutdated(target, requestedAt: at(9)) && !pools.isOutdated(target, requestedAt: at(10)))
    }

    @Test func aReadingIsFreshAndExcludesReservedVolume() throws {
        var pools = try directory()
        #expect(pools.reading(of: Self.camp, at: at(0)) == nil)
        _ = see(&pools, [pool("pool_a")], at: 0)
        let other = CampaignID(unchecked: "camp_2")
        pools.reserve(launch: 30, in: PoolID(unchecked: "pool_a"), for: Self.camp.id)
        pools.reserve(launch: 50, in: PoolID(unchecked: "pool_a"), for: other)
        #expect(pools.reading(of: Self.camp, at: at(300))?.available == 20)
        let own = try #require(pools.reading(for: Self.camp, at: at(300)))
        #expect(own.available == 50 && own.shortfall(for: 50) == nil && own.shortfall(for: 51) == 1)
        #expect(!own.neverTakes(1000) && own.neverTakes(1001))
        #expect(pools.reading(of: Self.camp, at: at(301)) == nil, "it is too old")
        #expect(pools.reservedForLaunches(in: PoolID(unchecked: "pool_a"), except: Self.camp.id) == 50)
        pools.cancelReservation(of: other)
        #expect(pools.reserved(in: PoolID(unchecked: "pool_a")) == 30)
    }

    @Test func reservationsAreSettledBySends() throws {
        var pools = try directory()
        let id = PoolID(unchecked: "pool_a")
        pools.reserve(launch: 100, in: id, for: Self.camp.id)
        func settle(_ stats: CampaignStats?, in pool: PoolID = PoolID(unchecked: "pool_a")) -> Int {
            pools.settleReservations(in: [pool]) { _ in stats }
            return pools.reserved(in: id)
        }
        #expect(settle(nil) == 100 && settle(CampaignStats(sent: 40), in: PoolID(unchecked: "pool_b")) == 100)
        #expect(settle(CampaignStats(sent: 40, queued: 60)) == 60)
        #expect(settle(CampaignStats(sent: 0, queued: 0)) == 100, "it has not begun")
        #expect(settle(CampaignStats(sent: 90, queued: 0)) == 0, "it is through")
        pools.reserveRest(CampaignStats(totalEnrolled: 100, sent: 70), of: Self.camp)
        #expect(pools.reserved(in: id) == 30)
        #expect(pools.reservedForLaunches(in: id, except: CampaignID(unchecked: "camp_2")) == 0, "it is a resume's")
        #expect(settle(CampaignStats(sent: 100)) == 0)
    }

    @Test func aCampaignWithoutAPoolUsesTheOnlyOne() throws {
        var pools = try directory()
        let camp = CampaignEntry(id: Self.camp.id, workspace: Self.workspace)
        #expect(pools.poolID(of: camp) == nil)
        _ = see(&pools, [pool("pool_a")], at: 0)
        #expect(pools.poolID(of: camp)?.text == "pool_a" && pools.reading(of: camp, at: at(0)) != nil)
        _ = see(&pools, [pool("pool_a"), pool("pool_b")], at: 1)
        #expect(pools.poolID(of: camp) == nil && pools.reading(of: camp, at: at(1)) == nil)
    }

    @Test func accountsCountWhileFresh() throws {
        var pools = try directory()
        _ = see(&pools, [pool("pool_a")], at: 0)
        let accounts = [SenderAccount.Status.active, .active, .paused].enumerated().map {
            SenderAccount(id: AccountID(unchecked: "acc_\($0)"), status: $1)
        }
        #expect(pools.surroundings(of: Self.camp, at: at(0)).accounts == nil)
        pools.observe(accounts: accounts, of: Self.workspace, requestedAt: at(0), at: at(0))
        let fresh = pools.surroundings(of: Self.camp, at: at(1800))
        #expect(fresh.accounts?.active == 2 && fresh.accounts?.paused == 1 && fresh.accountsAge == .seconds(1800))
        #expect(pools.surroundings(of: Self.camp, at: at(1801)).accounts == nil)
        #expect(pools.reading(of: Self.camp, at: at(0))?.activeSenders == 2, "all accounts are in the only pool")
    }
}
