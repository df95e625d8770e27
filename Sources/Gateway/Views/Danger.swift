import Guard
import Model
import Reporting

/// How much attention a campaign needs, the most first.
enum Danger: Int, CaseIterable {
    case paused, firing, pending, running, noData, calm

    init(_ campaign: GuardStatus.CampaignStatus) {
        let rules = Set(campaign.rules.map(\.state))
        switch campaign.state {
        case .pausing, .paused, .resuming: self = .paused
        case .pausedByAnother: self = .calm
        case .unknown, .draft, .starting, .running, .probation:
            let lacksData = campaign.isMissing || campaign.isStale || campaign.stats == nil
            if rules.contains(.firing) {
                self = .firing
            } else if rules.contains(.pending) {
                self = .pending
            } else if lacksData || campaign.rules.contains(where: { $0.noData != nil }) {
                self = .noData
            } else {
                self = campaign.state == .draft ? .calm : .running
            }
        }
    }

    /// The heading of its campaigns.
    var heading: String {
        switch self {
        case .paused: "Paused by Sendwarden"
        case .firing: "A rule is firing"
        case .pending: "A rule is pending"
        case .running: "Running, closest to its limit first"
        case .noData: "No data"
        case .calm: "Draft, or paused by someone else"
        }
    }

    var tone: Layout.Tone {
        switch self {
        case .paused, .firing: .bad
        case .pending, .noData: .odd
        case .running: .good
        case .calm: .plain
        }
    }

    /// The campaigns in the order in which they need attention.
    static func sorted(
        _ campaigns: [GuardStatus.CampaignStatus]
    ) -> [(danger: Danger, campaign: GuardStatus.CampaignStatus)] {
        let ranked = campaigns.enumerated().map { (Danger($0.element), $0.offset, $0.element) }
        return ranked.sorted { first, second in
            if first.0 != second.0 { return first.0.rawValue < second.0.rawValue }
            let (one, two) = (first.2.shareOfLimit ?? -1, second.2.shareOfLimit ?? -1)
            return one != two ? one > two : first.1 < second.1
        }.map { ($0.0, $0.2) }
    }
}

extension GuardStatus.CampaignStatus {
    /// Its bounce rate as a share of its limit: 1 is a breach; nil if one of them is unknown.
    var shareOfLimit: Double? {
        guard let rate, let rateLimit, rateLimit > 0 else { return nil }
        return rate / rateLimit
    }
}
