import Ledger
import Model

/// When the ledger's next step of maintenance is due: one at a time, and what has come in meanwhile goes first.
struct MaintenancePace: Sendable {
    /// How often it is called when it has nothing to do, and when it has.
    private static let interval: Duration = .seconds(5)
    private static let pause: Duration = .milliseconds(20)

    /// Nil for at once.
    private var nextAt: Instant?
    private var isRunning = false
    /// The ledger's size in bytes; nil until the first step.
    private(set) var bytes: Int?

    /// Nil while a step is under way.
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
