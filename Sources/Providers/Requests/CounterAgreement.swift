import Model

/// Checks that the counters of one response are consistent.
///
/// A platform may read them seconds apart, so `sent` can lag behind `delivered`. `delivered` and `bounced` together may
/// exceed `sent`, because an email that bounces late can count in both; neither may exceed it alone.
enum CounterAgreement {
    /// The accepted lag: what a fast campaign sends in two seconds, at 25 emails per second.
    static let lagMin = 50
    /// The accepted lag as a share of resolved emails, for faster campaigns.
    static let lagShare = 0.05

    /// The counters, with `sent` raised to the larger of `delivered` and `bounced`.
    ///
    /// - Throws: `.unexpected` if they differ by more than the accepted lag.
    static func agreed(_ stats: CampaignStats) throws(Fault) -> CampaignStats {
        guard let sent = stats.sent else { return stats }
        let (delivered, bounced) = (stats.delivered ?? 0, stats.bounced ?? 0)
        let lag = max(delivered, bounced) - sent
        guard lag > 0 else { return stats }
        guard lag <= max(lagMin, Int(Double(delivered + bounced) * lagShare)) else {
            let contradicting = [("delivered", delivered), ("bounced", bounced)].filter { $0.1 > sent }
                .map { "\($0.0) \($0.1)" }.joined(separator: ", ")
            throw Fault(.unexpected, "counters contradict each other: sent \(sent), \(contradicting)")
        }
        var stats = stats
        stats.sent = sent + lag
        stats.adjustedBy = lag
        return stats
    }
}
