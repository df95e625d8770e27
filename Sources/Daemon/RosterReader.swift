package import Guard
package import Model
import Policy
package import Providers

/// Finds a pool that a policy gives a name, and reads its members page by page.
///
/// Pages may shift while they are read: what comes twice counts once, and a pool that a list does not show is asked for
/// by the id that it was last found by.
package struct RosterReader: Sendable {
    private let platform: any RosterPlatform

    package init(platform: any RosterPlatform) { self.platform = platform }

    package func finding(_ query: RosterQuery) async throws(Fault) -> PoolFinding {
        let found: [PoolID: SenderPool]
        if let id = query.binding.target.id {
            found = try await named(id, query)
        } else {
            found = try await listed(query)
        }
        guard let pool = found.first?.value else { return .missing }
        guard found.count == 1 else { return .ambiguous(found.count) }
        do throws(Fault) {
            return .found(try await roster(of: pool, query))
        } catch {
            // It went while it was read.
            guard error.kind == .missing else { throw error }
            return .missing
        }
    }

    private func named(_ id: PoolID, _ query: RosterQuery) async throws(Fault) -> [PoolID: SenderPool] {
        do throws(Fault) {
            let pool = try await platform.pool(id)
            return query.binding.target.matches(pool) ? [id: pool] : [:]
        } catch {
            guard error.kind == .missing else { throw error }
            return [:]
        }
    }

    private func listed(_ query: RosterQuery) async throws(Fault) -> [PoolID: SenderPool] {
        var found: [PoolID: SenderPool] = [:]
        var pages = platform.pools(PoolFilter())
        while let page = try await pages.next() {
            for pool in page where query.binding.target.matches(pool) { found[pool.id] = pool }
        }
        guard found.isEmpty, let known = query.knownID else { return found }
        return try await named(known, query)
    }

    private func roster(of pool: SenderPool, _ query: RosterQuery) async throws(Fault) -> PoolRoster {
        var roster = PoolRoster(pool: pool)
        var seen: Set<SenderID> = []
        var pages = platform.senders(of: pool.id, SenderFilter())
        while let page = try await pages.next() {
            for sender in page where seen.insert(sender.id).inserted { roster.add(sender, query) }
        }
        return roster
    }
}
