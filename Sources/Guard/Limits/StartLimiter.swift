import Model
import Policy

/// How many campaigns may be started or resumed within a period.
struct StartLimiter: Codable, Hashable, Sendable {
    /// The campaigns that were started or resumed within the period, and when.
    private var starts: [CampaignID: Instant] = [:]
    /// That the limit is reached was reported, and has not ceased since.
    private var isReported = false

    /// As ledgers store it.
    private enum CodingKeys: String, CodingKey {
        case starts
        case isReported = "toldStarts"
    }

    /// When the campaign may be started; nil where it may be now.
    mutating func earliestStart(
        of campaign: CampaignID, _ policy: CheckedPolicy, at now: Instant
    ) -> Instant? {
        let period = policy.startLimit.per
        starts = starts.filter { $0.value > now - period }
        let allowed = max(1, Int(Double(policy.campaigns.count) * policy.startLimit.share.value))
        guard starts.count >= allowed, starts[campaign] == nil, let oldest = starts.values.min() else {
            isReported = false
            return nil
        }
        return oldest + period + .milliseconds(1)
    }

    /// The report that starts wait, once.
    mutating func report(_ policy: CheckedPolicy) -> [Effect] {
        guard !isReported else { return [] }
        isReported = true
        return [
            .report(
                .startLimitReached(
                    starts: starts.count, per: policy.startLimit.per, campaigns: policy.campaigns.count))
        ]
    }

    /// A start that is sent again counts once.
    mutating func note(_ campaign: CampaignID, at now: Instant) { starts[campaign] = starts[campaign] ?? now }

    /// Times ahead of the clock are those of a clock that has been set back.
    mutating func clamp(to now: Instant) { starts = starts.mapValues { min($0, now) } }
}
