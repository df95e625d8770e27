import Guard
import Journal
import Model
import Notifications
import Policy
import Reporting

/// The values of all metrics at one time; the loop takes it, and another task renders it.
package struct MetricsSnapshot: Sendable {
    var status: GuardStatus
    var telemetry: Telemetry
    var policy: CheckedPolicy
    var startedAt: Instant
    /// The ledger's size; nil without a ledger, or before it is known.
    var ledgerBytes: Int?
    var journal: Journal.Tally
    /// True if `/readyz` would report no problem.
    var isReady: Bool
    /// When the loop took the snapshot, by the wall clock.
    var renderedAt: Instant
    /// Nil if the daemon has no notifier.
    var notifications: Notifier.Tallies?

    /// In Prometheus's text format.
    package var text: String {
        DaemonMetrics.text(
            status, telemetry, policy: policy, startedAt: startedAt, ledgerBytes: ledgerBytes, journal: journal)
            + HealthMetrics.text(isReady: isReady, at: renderedAt, notifications)
    }
}
