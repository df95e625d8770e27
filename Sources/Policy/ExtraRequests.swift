import Model

/// The number of separate requests for counters, which depends on how often campaigns are polled.
///
/// A campaign that needs them costs at most one with each poll, and at most one per ``ExtraCounter/interval``.
package struct ExtraRequests: Hashable, Sendable {
    /// The number of campaigns that need them, and of all campaigns.
    private let needing: Double
    private let campaigns: Double

    package init(ofCampaigns needing: Int, campaigns: Int) {
        (self.needing, self.campaigns) = (Double(needing), Double(max(1, campaigns)))
    }

    package var isNone: Bool { needing == 0 }

    /// The most extra requests per second at that many polls per second.
    package func perSecond(polls: Double) -> Double {
        min(needing / ExtraCounter.interval.seconds, polls * needing / campaigns)
    }

    /// The polls per second for which this many requests per second suffice if each poll costs its extra request.
    package func pollsAlways(within requests: Double) -> Double { requests * campaigns / (campaigns + needing) }

    /// The polls per second for which this many requests per second suffice, extra requests included.
    package func polls(within requests: Double) -> Double {
        max(requests - needing / ExtraCounter.interval.seconds, pollsAlways(within: requests))
    }
}
