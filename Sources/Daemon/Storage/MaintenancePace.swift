import Ledger
import Model

/// Schedules the ledger's maintenance, one step at a time, with pauses for other writes.
struct MaintenancePace: Sendable {
    /// The interval between steps while there is nothing to do, and while there is more.
    private static let interval: Duration = .seconds(5)
    private static let pause: Duration = .milliseconds(20)

    /// When the next step is due; nil if it is due now.
    private var nextAt: Instant?
    private var isRunning = false
    /// The ledger's size in bytes; nil until the first step.
    private(set) var bytes: Int?

    /// When the next step is due; nil while a step runs.
    func due(at now: Instant) -> Instant? { isRunning ? nil : nextAt ?? now }

    mutating func begin() { isRunning = true }

    mutating func end(_ result: Result<LedgerUpkeep, LedgerError>, at now: Instant) {
        isRunning = false
        switch result {
        case .success(let upkeep):
            bytes = upkeep.bytes
            nextAt = now + (upkeep.hasMore ? MaintenancePace.pause : MaintenancePace.interval)
        case .failure: nextAt = now + MaintenancePace.interval
        }
    }
}
