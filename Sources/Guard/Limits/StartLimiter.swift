import Model
import Policy

/// Limits how many campaigns are started or resumed within a period.
struct StartLimiter: Codable, Hashable, Sendable {
    /// When each campaign was started or resumed, within the period.
    private var starts: [CampaignID: Instant] = [:]
    /// True from the report of the limit until a start is allowed again.
    private var isReported = false

    /// The key names in stored ledgers.
    private enum CodingKeys: String, CodingKey {
        case starts
        case isReported = "toldStarts"
    }

    /// When the campaign may be started; nil if it may start now.
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

    /// Reports once that starts wait.
    mutating func report(_ policy: CheckedPolicy) -> [Effect] {
        guard !isReported else { return [] }
        isReported = true
        return [
            .report(
                .startLimitReached(
                    starts: starts.count, per: policy.startLimit.per, campaigns: policy.campaigns.count))
        ]
    }

    /// Notes a start; one that is sent again counts once.
    mutating func note(_ campaign: CampaignID, at now: Instant) { starts[campaign] = starts[campaign] ?? now }

    /// Times after `now` come from a clock that was set back.
    mutating func clamp(to now: Instant) { starts = starts.mapValues { min($0, now) } }
}
