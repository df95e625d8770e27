import Synchronization

/// Values that all viewers share: each is loaded once at a time, and not again within a period.
final class Shared<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private enum Entry {
        /// Those who wait for it are bounded by the number of connections.
        case loading([CheckedContinuation<Step, Never>])
        case loaded(Value, at: ContinuousClock.Instant)
    }

    private enum Step {
        case found(Value)
        case load
    }

    private let period: Duration
    private let entriesMax: Int
    private let entries = Mutex<[Key: Entry]>([:])

    init(for period: Duration, entriesMax: Int) { (self.period, self.entriesMax) = (period, entriesMax) }

    func value(_ key: Key, _ load: @Sendable () async -> Value) async -> Value {
        let step = await withCheckedContinuation { continuation in
            let step = entries.withLock { entries in enter(key, continuation, &entries) }
            if let step { continuation.resume(returning: step) }
        }
        switch step {
        case .found(let value): return value
        case .load:
            let value = await load()
            let waiting = entries.withLock { entries -> [CheckedContinuation<Step, Never>] in
                defer { entries[key] = .loaded(value, at: .now) }
                if case .loading(let waiting) = entries[key] { return waiting }
                return []
            }
            for continuation in waiting { continuation.resume(returning: .found(value)) }
            return value
        }
    }

    /// The next step of a caller; nil if it waits.
    private func enter(
        _ key: Key, _ continuation: CheckedContinuation<Step, Never>, _ entries: inout [Key: Entry]
    ) -> Step? {
        switch entries[key] {
        case .loaded(let value, let at) where at.duration(to: .now) < period: return .found(value)
        case .loading(let waiting):
            entries[key] = .loading(waiting + [continuation])
            return nil
        case .loaded, nil:
            makeRoom(&entries)
            entries[key] = .loading([])
            return .load
        }
    }

    /// Drops the oldest value if there are too many.
    private func makeRoom(_ entries: inout [Key: Entry]) {
        guard entries.count >= entriesMax else { return }
        var oldest: (key: Key, at: ContinuousClock.Instant)?
        for (key, entry) in entries {
            guard case .loaded(_, let at) = entry else { continue }
            if oldest.map({ at < $0.at }) ?? true { oldest = (key, at) }
        }
        if let oldest { entries[oldest.key] = nil }
    }
}
