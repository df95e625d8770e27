import Model

/// Whether decisions can be stored at present.
struct LedgerHealth: Sendable {
    private enum State: Sendable {
        case healthy
        case failing(since: Instant, reminder: Reminder)
    }

    private var state = State.healthy

    var isFailing: Bool {
        switch state {
        case .healthy: false
        case .failing: true
        }
    }

    /// Notes the result of a write; `failure` is the reason, nil on success.
    mutating func note(failure: String?, at now: Instant) -> [Effect] {
        switch (state, failure) {
        case (.healthy, nil): return []
        case (.healthy, let failure?):
            state = .failing(since: now, reminder: Reminder(at: now))
            return [.report(.ledger(.failed(reason: failure, since: nil)))]
        case (.failing(let since, _), nil):
            state = .healthy
            return [.report(.ledger(.recovered(after: now - since)))]
        case (.failing(let since, var reminder), let failure?):
            guard reminder.isDue(at: now) else { return [] }
            state = .failing(since: since, reminder: reminder)
            return [.report(.ledger(.failed(reason: failure, since: since)))]
        }
    }
}
