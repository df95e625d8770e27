import Model
import Threads

/// Answers the probes of monitoring systems.
struct Probe {
    /// A loop that does not respond for this long counts as hanging.
    private static let answerWithin: Duration = .seconds(5)

    private let control: ControlChannel

    init(_ control: ControlChannel) { self.control = control }

    /// - Parameter isReadiness: true to also require that campaigns are guarded and the ledger can be written.
    func verdict(_ isReadiness: Bool) async -> (isGood: Bool, text: String) {
        let control = control
        guard let answer = await bounded(by: Probe.answerWithin, { await control.health() }) else {
            return (false, "the decision loop did not respond within \(Probe.answerWithin.policyText)")
        }
        guard let report = answer else { return (false, "the daemon is stopping") }
        guard isReadiness, !report.problems.isEmpty else { return (true, "ok") }
        return (false, "not ready: " + report.problems.joined(separator: "; "))
    }
}

/// The page at `/`.
enum ControlPage {
    static let text = """
        <!DOCTYPE html>
        <html lang="en"><head><meta charset="utf-8"><title>Sendwarden</title></head><body>
        <h1>Sendwarden</h1>
        <ul>
        <li><a href="/metrics">/metrics</a>: metrics for Prometheus</li>
        <li><a href="/healthz">/healthz</a>: whether the decision loop responds</li>
        <li><a href="/readyz">/readyz</a>: whether campaigns are guarded and the ledger can be written</li>
        </ul>
        <p>For the state of campaigns, run <code>sendwarden status</code>.</p>
        </body></html>

        """
}
