import ServiceLifecycle
import Synchronization

/// Reports each change of the guard's state to all open event streams.
final class Feed: Sendable {
    /// Half of the connections, so that the others are left for pages.
    static let streamsMax = ListenerConnections.connectionsMax / 2
    /// A browser opens a stream again when it ends; a reader that stopped long ago does not.
    static let lifetime: Duration = .seconds(600)
    /// How often the state is checked while someone watches.
    static let interval: Duration = .seconds(1)
    /// How often an unchanged state is reported, which also finds lost connections.
    static let repeatEvery: Duration = .seconds(10)

    private struct Reader {
        var continuation: AsyncStream<String>.Continuation
        var endsAt: ContinuousClock.Instant
        var sent: String?
        var sentAt: ContinuousClock.Instant
    }

    private struct State {
        var readers: [Int: Reader] = [:]
        var lastID = 0
        var isClosed = false
    }

    private let state = Mutex(State())

    /// The versions of the guard's state, beginning with the present one; nil if there are too many streams.
    func open() -> (id: Int, versions: AsyncStream<String>)? {
        // Only the newest version matters.
        let (versions, continuation) = AsyncStream.makeStream(of: String.self, bufferingPolicy: .bufferingNewest(1))
        return state.withLock { state in
            guard !state.isClosed, state.readers.count < Feed.streamsMax else { return nil }
            state.lastID += 1
            state.readers[state.lastID] = Reader(
                continuation: continuation, endsAt: .now + Feed.lifetime, sentAt: .now)
            return (state.lastID, versions)
        }
    }

    func close(_ id: Int) {
        state.withLock { $0.readers.removeValue(forKey: id) }?.continuation.finish()
    }

    /// Ends all streams, and opens no more.
    func closeAll() {
        let readers = state.withLock { state in
            state.isClosed = true
            defer { state.readers = [:] }
            return Array(state.readers.values)
        }
        for reader in readers { reader.continuation.finish() }
    }

    /// Checks the state until the daemon stops.
    ///
    /// - Parameter version: changes with the guard's state; nil if the daemon is stopping.
    func run(_ version: @escaping @Sendable () async -> String?) async {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try? await Task.sleep(for: Feed.interval)
                guard !Task.isCancelled, self.isWatched else { continue }
                if let version = await version() { self.send(version) }
            }
        }
        closeAll()
    }

    private var isWatched: Bool { state.withLock { !$0.readers.isEmpty } }

    private func send(_ version: String) {
        let now = ContinuousClock.now
        let ended = state.withLock { state -> [Reader] in
            for (id, reader) in state.readers where reader.sent != version || now - reader.sentAt > Feed.repeatEvery {
                state.readers[id]?.sent = version
                state.readers[id]?.sentAt = now
                reader.continuation.yield(version)
            }
            let ended = state.readers.filter { $0.value.endsAt < now }
            for id in ended.keys { state.readers[id] = nil }
            return Array(ended.values)
        }
        for reader in ended { reader.continuation.finish() }
    }
}
