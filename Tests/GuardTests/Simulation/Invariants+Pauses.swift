import Guard
import Model
import Policy
import Simulator

/// How soon a bad list must be paused.
extension Invariants {
    /// A breach that good answers show without a gap is paused within `for` and two more polls.
    var pausedInTime: [String] {
        guard world.policy.mode == .enforce, let rule = world.policy.rules.first else { return [] }
        var needed: (time: Duration, samples: Int) = (.zero, 1)
        switch rule.forClause {
        case .duration(let time): needed.time = time
        case .count(_, let samples): needed.samples = samples
        }
        var violations: [String] = []
        // `overdue` counts good answers since the breach was old enough.
        var breaches: [CampaignID: (since: Instant, last: Instant, count: Int, overdue: Int)] = [:]
        var askedAt: [CampaignID: Instant] = [:]
        var latest: [CampaignID: CampaignStats] = [:]
        var base: [CampaignID: CampaignStats] = [:]
        var baseBeforeReset: [CampaignID: CampaignStats] = [:]
        var isReset: Set<CampaignID> = []
        var evaluated: [CampaignID: CampaignStats] = [:]
        // The last counters of a campaign at rest: a resume can be stored, and never sent, when a person starts it.
        var atRest: [CampaignID: CampaignStats] = [:]
        // A person's order or earlier pause takes precedence.
        var isTheirs: Set<CampaignID> = []
        var isPaused: Set<CampaignID> = []
        // A maintenance window mutes the rules; after it, a breach is paused as soon as any other.
        var muted: Set<CampaignID> = []
        for entry in run.log {
            switch entry {
            case .muted(_, let campaigns): muted = campaigns
            case .crashed: breaches = [:]
            case .reloaded(_, let without): for id in without { breaches[id] = nil }
            case .failed, .arrived: break
            case .observed(let at, let observation, let isRunning):
                guard case .stats(let id) = observation.target, case .success(.stats(let stats)) = observation.result,
                    observation.requestedAt >= askedAt[id] ?? observation.requestedAt
                else { continue }
                (askedAt[id], latest[id]) = (observation.requestedAt, stats)
                if !isRunning, stats.bounced != nil, stats.resolved != nil { atRest[id] = stats }
                guard let bounced = stats.bounced, let resolved = stats.resolved else { continue }
                let (bouncedSince, resolvedSince) = (
                    bounced - (base[id]?.bounced ?? 0), resolved - (base[id]?.resolved ?? 0)
                )
                let isBreach =
                    resolvedSince >= world.resolvedMin && Double(bouncedSince) > world.limit * Double(resolvedSince)
                guard isBreach, isRunning, !isPaused.contains(id), !isTheirs.contains(id),
                    !muted.contains(id)
                else {
                    breaches[id] = nil
                    continue
                }
                var breach = breaches[id] ?? (at, at, 0, 0)
                if breach.overdue == 2 { violations.append("\(id) breaches since \(breach.since) and runs at \(at)") }
                if breach.count == 0 || at > breach.last { breach.count += 1 }
                breach.last = at
                // Three good answers in a row confirm a breach, however far apart they are.
                if breach.count >= max(needed.samples, RuleState.confirmations), at - breach.since >= needed.time {
                    breach.overdue += 1
                }
                breaches[id] = breach
            case .sent(_, let intent, _):
                breaches[intent.campaign] = nil
                if intent.action == .resume { evaluated[intent.campaign] = latest[intent.campaign] }
            case .reported(_, let event):
                guard let id = event.fields[.campaign].flatMap({ CampaignID($0) }) else { continue }
                switch event.kind {
                case .campaignResumed:
                    breaches[id] = nil
                    if let rule = event.fields[.rule] {
                        (base[id], baseBeforeReset[id]) = (
                            rule == "bounces" ? evaluated[id] ?? atRest[id] : nil, nil
                        )
                        evaluated[id] = nil
                        // A resume since the reset is what counts, whether or not the counters return.
                        isReset.remove(id)
                    }
                    isPaused.remove(id)
                case .statsReset:
                    if isReset.insert(id).inserted { baseBeforeReset[id] = base[id] }
                    (base[id], breaches[id]) = (nil, nil)
                case .statsRestored:
                    breaches[id] = nil
                    if isReset.remove(id) != nil { base[id] = baseBeforeReset[id] }
                case .campaignOverride, .campaignAlreadyPaused, .orderAccepted: isTheirs.insert(id)
                case .campaignPaused: isPaused.insert(id)
                case .campaignPauseFailed: breaches[id] = nil
                default: break
                }
            }
        }
        return violations
    }
}
