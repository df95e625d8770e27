import Guard
import Model
import Policy
import Simulator

/// A rule that cannot see a breach says so.
extension Invariants {
    /// The longest `stale_after` of the policies, and the longest interval between two polls with their latency.
    private static let toleratedGap = Duration.seconds(50 * 60 + 12 * 60)

    /// A running campaign whose answers lack a counter for longer than `stale_after` has an open report, which ends.
    var reportedMissingData: [String] {
        var violations: [String] = []
        // `isOverdue`: an answer that should have been followed by a report.
        var lacking: [CampaignID: (since: Instant, isOverdue: Bool)] = [:]
        var askedAt: [CampaignID: Instant] = [:]
        var lacksNow: Set<CampaignID> = []
        // Campaigns with an open report.
        var open: Set<CampaignID> = []
        var openedAt: [CampaignID: Instant] = [:]
        // Reported just before a crash: reported again only if the report was not stored.
        var perhapsOpen: Set<CampaignID> = []
        // The rule is muted or does not act: a person decided, or a pause of ours is under way or stands.
        var isTheirs: Set<CampaignID> = []
        var isStopped: Set<CampaignID> = []
        // In a maintenance window.
        var muted: Set<CampaignID> = []
        for entry in run.log {
            switch entry {
            case .crashed(let at):
                lacking = [:]
                perhapsOpen.formUnion(open.filter { openedAt[$0] == at })
                open.subtract(perhapsOpen)
            case .failed, .arrived: break
            case .muted(_, let campaigns):
                muted = campaigns
                for id in campaigns { lacking[id] = nil }
            case .reloaded(_, let without): for id in without { lacking[id] = nil }
            case .sent(_, let intent, _): if intent.action == .pause { isStopped.insert(intent.campaign) }
            case .observed(let at, let observation, let isRunning):
                guard case .stats(let id) = observation.target, case .success(.stats(let stats)) = observation.result,
                    observation.requestedAt >= askedAt[id] ?? observation.requestedAt
                else { continue }
                askedAt[id] = observation.requestedAt
                guard stats.bounced == nil || stats.delivered == nil else {
                    lacksNow.remove(id)
                    perhapsOpen.remove(id)
                    lacking[id] = nil
                    continue
                }
                lacksNow.insert(id)
                // Whoever has sent nothing has nothing to lose.
                guard isRunning, stats.sent != 0, !isTheirs.contains(id), !isStopped.contains(id), !open.contains(id),
                    !perhapsOpen.contains(id), !muted.contains(id)
                else {
                    lacking[id] = nil
                    continue
                }
                let (since, isOverdue) = lacking[id] ?? (at, false)
                if isOverdue { violations.append("\(id) lacks a counter since \(since), and nothing says so at \(at)") }
                lacking[id] = (since, at - since > Self.toleratedGap)
            case .reported(let at, let event):
                guard let id = event.fields[.campaign].flatMap({ CampaignID($0) }) else { continue }
                let isOther = event.fields[.rule] != "bounces" || event.message.hasPrefix("the probation")
                switch event.kind {
                case .ruleNoData where isOther, .ruleDataRestored where isOther: break
                case .ruleNoData:
                    openedAt[id] = at
                    if !lacksNow.contains(id) { violations.append("\(id) is reported to lack data at \(at)") }
                    if !open.insert(id).inserted, run.crashes == 0 {
                        violations.append("\(id) is reported to lack data again at \(at)")
                    }
                case .ruleDataRestored:
                    if open.remove(id) == nil, run.crashes == 0 {
                        violations.append("\(id) has its data again at \(at), but never lacked it")
                    }
                case .campaignResumed, .campaignPauseAbandoned: isStopped.remove(id)
                case .campaignOverride, .campaignAlreadyPaused, .orderAccepted: isTheirs.insert(id)
                default: break
                }
            }
        }
        return violations + open.map { "\($0) is still reported to lack data in calm weather" }
    }
}
