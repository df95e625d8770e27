import Ledger
import Model
import Synchronization
import Threads

/// Queries the ledger for people, and gives up if the ledger does not respond.
final class LedgerQuestions: Sendable {
    /// The reason why a query failed.
    enum Failure: Error {
        /// The ledger has not responded since then.
        case silent(since: ContinuousClock.Instant)
        case failed(LedgerError)

        /// True if the same query can succeed a little later.
        var isPassing: Bool {
            switch self {
            case .silent: true
            case .failed(let error): error.code == .busy
            }
        }
    }

    /// The largest history takes milliseconds; with this limit, every response takes less than ten seconds.
    static let answerWithin: Duration = .seconds(5)
    /// How often a ledger that did not respond is queried again; queries in between fail at once.
    private static let probeEvery: Duration = .seconds(5)

    private struct Silence {
        var since: ContinuousClock.Instant
        var probeAt: ContinuousClock.Instant
    }

    private let ledger: any LedgerQueries
    private let answerWithin: Duration
    private let silence = Mutex<Silence?>(nil)

    init(_ ledger: any LedgerQueries, answerWithin: Duration = LedgerQuestions.answerWithin) {
        self.ledger = ledger
        self.answerWithin = answerWithin
    }

    func ask<Value: Sendable>(
        _ question: @escaping @Sendable (any LedgerQueries) async throws(LedgerError) -> Value
    ) async throws(Failure) -> Value {
        let askedAt = ContinuousClock.now
        if let since = knownSilence(at: askedAt) { throw .silent(since: since) }
        let answer = await bounded(by: answerWithin) { [ledger] () -> Result<Value, LedgerError> in
            do throws(LedgerError) {
                return .success(try await question(ledger))
            } catch {
                return .failure(error)
            }
        }
        switch answer {
        case .success(let value):
            silence.withLock { $0 = nil }
            return value
        // Earlier queries still wait.
        case .failure(let error) where error.code == .busy:
            if let since = silence.withLock({ $0?.since }) { throw .silent(since: since) }
            throw .failed(error)
        case .failure(let error):
            silence.withLock { $0 = nil }
            throw .failed(error)
        case nil: throw .silent(since: noteSilence(since: askedAt))
        }
    }

    /// Nil if this query may reach the ledger.
    private func knownSilence(at now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        silence.withLock { silence in
            guard let known = silence else { return nil }
            guard now >= known.probeAt else { return known.since }
            silence?.probeAt = now + answerWithin + LedgerQuestions.probeEvery
            return nil
        }
    }

    private func noteSilence(since asked: ContinuousClock.Instant) -> ContinuousClock.Instant {
        silence.withLock { silence in
            let since = min(silence?.since ?? asked, asked)
            silence = Silence(since: since, probeAt: .now + LedgerQuestions.probeEvery)
            return since
        }
    }
}

extension StorageState {
    /// The reason for people, and what to do.
    func text(_ failure: LedgerQuestions.Failure) -> String {
        switch failure {
        case .silent(let asked):
            let since = min(at + clock.duration(to: asked), self.failure?.since ?? at)
            return
                "the ledger has not responded since \(since.rfc3339.prefix(19))Z; campaigns are still watched, and what "
                + "happens is stored once it responds; check the disk that holds the ledger and the kernel's log"
        case .failed(let error): return error.message
        }
    }

    /// The number of matching events that are missing in the ledger.
    func unstoredEvents(of workspaces: [WorkspaceName], _ filter: HistoryFilter) async -> Int {
        guard isBehind else { return 0 }
        var filter = filter
        (filter.after, filter.limit) = (nil, HistoryFilter.limitMax)
        let queries = InMemoryStorage(unstored: unstored, at: at).queries
        return (try? await queries.history(of: workspaces, filter))?.count ?? 0
    }
}
