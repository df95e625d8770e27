import Guard
import Journal
import Model
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

    /// In Prometheus's text format.
    package var text: String {
        DaemonMetrics.text(
            status, telemetry, policy: policy, startedAt: startedAt, ledgerBytes: ledgerBytes, journal: journal)
    }
}
