import Guard
import Journal
import Model
import Policy
import Reporting

/// All that metrics are made of, as the loop had it at one time; the text is made elsewhere.
package struct MetricsSnapshot: Sendable {
    var status: GuardStatus
    var telemetry: Telemetry
    var policy: CheckedPolicy
    var startedAt: Instant
    /// The ledger's size; nil where there is none, or it is not known yet.
    var ledgerBytes: Int?
    var journal: Journal.Tally

    /// As Prometheus reads it.
    package var text: String {
        DaemonMetrics.text(
            status, telemetry, policy: policy, startedAt: startedAt, ledgerBytes: ledgerBytes, journal: journal)
    }
}
