import Model

/// Whether the counters of one answer can be of one campaign at nearly one time.
///
/// A platform may read them some seconds apart, so that `sent` lags behind `delivered`. `delivered` and `bounced` together
/// may exceed `sent` without a fault, as an email that comes back late may count in both; either alone may not.
enum CounterAgreement {
    /// What a fast campaign sends while the counters are read: 25 a second for two seconds.
    static let lagMin = 50
    /// The part of what is resolved that is lag at most, for campaigns that are faster still.
    static let lagShare = 0.05

    /// The counters with `sent` raised to what has certainly been sent.
    ///
    /// - Throws: `.unexpected` where they contradict each other by more than the lag.
    static func agreed(_ stats: CampaignStats) throws(Fault) -> CampaignStats {
        guard let sent = stats.sent else { return stats }
        let (delivered, bounced) = (stats.delivered ?? 0, stats.bounced ?? 0)
        let lag = max(delivered, bounced) - sent
        guard lag > 0 else { return stats }
        guard lag <= max(lagMin, Int(Double(delivered + bounced) * lagShare)) else {
            let contradicting = [("delivered", delivered), ("bounced", bounced)].filter { $0.1 > sent }
                .map { "\($0.0) \($0.1)" }.joined(separator: " and ")
            throw Fault(.unexpected, "the counters contradict each other: sent \(sent), but \(contradicting)")
        }
        var stats = stats
        stats.sent = sent + lag
        stats.adjustedBy = lag
        return stats
    }
}
