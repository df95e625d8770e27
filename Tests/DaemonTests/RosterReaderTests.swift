import Daemon
import Guard
import Model
import Policy
import Providers
import Synchronization
import TestSupport
import Testing

/// Lists that change while they are read.
@Suite struct RosterReaderTests {
    /// A platform with two lists in pages of three, which can change after each page.
    private final class ShiftingPlatform: RosterPlatform {
        struct State {
            var pools: [SenderPool] = []
            var senders: [PoolSender] = []
            /// Changes to apply after each page.
            var shifts: [@Sendable (inout State) -> Void] = []
            var requests = 0
        }

        let state: Mutex<State>

        init(_ state: State) { self.state = Mutex(state) }

        private func page<Item: Sendable>(_ items: (State) -> [Item], _ token: String?) -> Page<Item> {
            state.withLock { state in
                let all = items(state)
                let start = token.flatMap { Int($0) } ?? 0
                let end = min(all.count, start + 3)
                let page = Page(
                    items: start < end ? Array(all[start..<end]) : [], next: end < all.count ? String(end) : nil)
                state.requests += 1
                if !state.shifts.isEmpty { state.shifts.removeFirst()(&state) }
                return page
            }
        }

        func pools(_ filter: PoolFilter) -> Pages<SenderPool> {
            Pages { token throws(Fault) in self.page(\.pools, token) }
        }

        func senders(of pool: PoolID, _ filter: SenderFilter) -> Pages<PoolSender> {
            Pages { token throws(Fault) in self.page(\.senders, token) }
        }

        func pool(_ id: PoolID) async throws(Fault) -> SenderPool {
            guard let pool = state.withLock({ $0.pools.first { $0.id == id } }) else {
                throw Fault(.missing, "HTTP 404")
            }
            return pool
        }

        func remove(_ sender: SenderID, from pool: PoolID) async throws(Fault) -> ChangeReceipt {
            ChangeReceipt(operation: nil)
        }

        func add(_ senders: [SenderID], to pool: PoolID) async throws(Fault) -> ChangeReceipt {
            ChangeReceipt(operation: nil)
        }

        func operation(_ id: OperationID) async throws(Fault) -> PoolOperation {
            throw Fault(.missing, "HTTP 404")
        }
    }

    private static func pool(_ number: Int) -> SenderPool {
        SenderPool(id: PoolID(unchecked: "pool_\(number)"), name: "Pool \(number)", tags: ["number": "\(number)"])
    }

    private static func sender(_ number: Int, _ status: PoolSender.Status = .activated) -> PoolSender {
        PoolSender(id: SenderID(unchecked: "sender_\(number)"), channel: .email, status: status)
    }

    private func query(_ target: PoolSelector, known: PoolID? = nil) -> RosterQuery {
        let text = """
            version: 1
            mode: enforce
            workspace: {name: w, provider: twilio_comms, credential: k}
            pools: [{name: main, pool_where: {name: A}, per_sender_daily: 5}]
            """
        guard var binding = PolicyLoader.load(SourceFile(name: "p", text: text)).policy?.pools.first else {
            fatalError("the policy above is sound")
        }
        binding.target = target
        return RosterQuery(binding: binding, knownID: known)
    }

    private func find(_ state: ShiftingPlatform.State, _ query: RosterQuery) async throws -> PoolFinding {
        try await RosterReader(platform: ShiftingPlatform(state)).finding(query)
    }

    @Test func aSenderListedTwiceCountsOnce() async throws {
        var state = ShiftingPlatform.State(pools: [Self.pool(1)], senders: (1...9).map { Self.sender($0) })
        // A member is inserted at the front after the first page, so that the third is listed again.
        state.shifts = [{ _ in }, { $0.senders.insert(Self.sender(100), at: 0) }]
        guard case .found(let roster) = try await find(state, query(PoolSelector(name: "Pool 1"))) else {
            return #expect(Bool(false), "not found")
        }
        #expect(roster.senders == 9 && roster.activeSenders == 9)
    }

    @Test func aPoolHiddenByAShiftIsFoundByItsLastID() async throws {
        var state = ShiftingPlatform.State(pools: (1...9).map(Self.pool), senders: [Self.sender(1)])
        // The first is removed after the first page, so that the fourth is skipped.
        state.shifts = [{ $0.pools.removeFirst() }]
        #expect(try await find(state, query(PoolSelector(name: "Pool 4"))) == .missing)
        guard
            case .found(let roster) = try await find(
                state, query(PoolSelector(name: "Pool 4"), known: PoolID(unchecked: "pool_4")))
        else { return #expect(Bool(false), "not found") }
        #expect(roster.pool.name == "Pool 4")
    }

    @Test func aPoolListedTwiceIsOne() async throws {
        var state = ShiftingPlatform.State(pools: (1...9).map(Self.pool), senders: [])
        state.shifts = [{ $0.pools.insert(Self.pool(100), at: 0) }]
        guard case .found = try await find(state, query(PoolSelector(tags: ["number": "3"]))) else {
            return #expect(Bool(false), "not found")
        }
    }

    @Test func twoMatchingPoolsAreAmbiguous() async throws {
        let twins = [Self.pool(1), SenderPool(id: PoolID(unchecked: "pool_2"), name: "Pool 1")]
        #expect(try await find(.init(pools: twins), query(PoolSelector(name: "Pool 1"))) == .ambiguous(2))
    }

    @Test func aKnownPoolThatNoLongerMatchesIsMissing() async throws {
        let pools = [Self.pool(1)]
        let gone = query(PoolSelector(name: "Pool 9"), known: PoolID(unchecked: "pool_1"))
        #expect(try await find(.init(pools: pools), gone) == .missing)
        #expect(try await find(.init(pools: pools), query(PoolSelector(id: PoolID(unchecked: "pool_7")))) == .missing)
    }

    @Test func anIDNeedsNoList() async throws {
        let platform = ShiftingPlatform(.init(pools: [Self.pool(1)], senders: [Self.sender(1, .deactivated)]))
        let finding = try await RosterReader(platform: platform).finding(
            query(PoolSelector(id: PoolID(unchecked: "pool_1"))))
        guard case .found(let roster) = finding else { return #expect(Bool(false), "not found") }
        #expect(roster.senders == 1 && roster.activeSenders == 0)
        #expect(platform.state.withLock { $0.requests } == 1)
    }

    @Test func aListOfSlowPagesTimesOut() async throws {
        let platform = ShiftingPlatform(.init(pools: (1...3000).map(Self.pool), senders: []))
        // One minute per page.
        let clock: @Sendable () -> ContinuousClock.Instant = {
            .now + .seconds(60 * platform.state.withLock { $0.requests })
        }
        let fault = await #expect(throws: Fault.self) {
            try await RosterReader(platform: platform, now: clock).finding(query(PoolSelector(name: "Pool 2999")))
        }
        #expect(fault?.summary == "the list is not complete after 10 minutes")
        #expect(platform.state.withLock { $0.requests } == 10)
    }
}
