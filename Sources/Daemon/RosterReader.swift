package import Guard
package import Model
import Policy
package import Providers

/// Finds a pool under the policy's `pools`, and reads its members page by page.
///
/// A list can change between pages: duplicates count once, and a pool that is missing from the list is requested by its
/// last known id.
package struct RosterReader: Sendable {
    /// The most time for a list, so that slow pages do not outlast the time after which the guard polls again.
    package static let readingMax: Duration = .seconds(600)

    private let platform: any RosterPlatform
    private let startedAt = ContinuousClock.now
    private let now: @Sendable () -> ContinuousClock.Instant

    /// - Parameter now: the clock for ``readingMax``, for tests.
    package init(
        platform: any RosterPlatform, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        (self.platform, self.now) = (platform, now)
    }

    /// - Throws: the platform's fault, or `.unreachable` if the list takes longer than ``readingMax``.
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
            // The pool was deleted while its members were read.
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
        while let page = try await next(&pages) {
            for pool in page where query.binding.target.matches(pool) { found[pool.id] = pool }
        }
        guard found.isEmpty, let known = query.knownID else { return found }
        return try await named(known, query)
    }

    private func roster(of pool: SenderPool, _ query: RosterQuery) async throws(Fault) -> PoolRoster {
        var roster = PoolRoster(pool: pool)
        var seen: Set<SenderID> = []
        var pages = platform.senders(of: pool.id, SenderFilter())
        while let page = try await next(&pages) {
            for sender in page where seen.insert(sender.id).inserted { roster.add(sender, query) }
        }
        return roster
    }

    private func next<Item>(_ pages: inout Pages<Item>) async throws(Fault) -> [Item]? {
        guard startedAt.duration(to: now()) < RosterReader.readingMax else {
            throw Fault(
                .unreachable, "the list is not complete after \(Int(RosterReader.readingMax.seconds) / 60) minutes",
                mayHaveTakenEffect: false)
        }
        return try await pages.next()
    }
}
