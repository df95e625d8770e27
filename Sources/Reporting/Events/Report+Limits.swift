import Guard
import Model

/// Builds the entries about the start limit, the circuit breaker for pauses, and the ledger.
extension Report {
    static func startLimitReached(_ starts: Int, _ per: Duration, _ campaigns: Int) -> JournalEvent {
        JournalEvent(
            .beltTripped,
            "\(starts) of \(campaigns) campaigns were started within \(per.policyText), as many as the start limit "
                + "allows; further starts wait")
    }

    static func circuitBreakerTripped(_ breaching: Int, _ running: Int, _ stopsPauses: Bool) -> JournalEvent {
        let next =
            stopsPauses ? "the circuit breaker stops further pauses, as the policy asks" : "pauses continue"
        return JournalEvent(
            .beltTripped,
            "\(breaching) of \(running) running campaigns breach at once: the platform or its data may be at fault; "
                + next)
    }

    static func entry(_ event: LedgerEvent) -> JournalEvent {
        switch event {
        case .failed(let reason, let since):
            var fields = Fields()
            fields[.reason] = reason
            let lasting = since.map { " (failing since \($0.rfc3339))" } ?? ""
            return JournalEvent(
                .ledgerFailed,
                "the ledger cannot be written\(lasting): \(reason); campaigns that breach are still paused, but "
                    + "nothing is started", fields)
        case .recovered(let outage):
            return JournalEvent(.ledgerRecovered, "the ledger can be written again after \(outage.spokenText)")
        }
    }
}
