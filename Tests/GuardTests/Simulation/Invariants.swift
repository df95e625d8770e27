import Guard
import Model
import Policy
import Simulator

/// The invariants of every simulated run, checked on its log without using the guard's code.
struct Invariants {
    let world: RandomWorld
    let run: SimulatedRun

    var violations: [String] {
        run.forbiddenResumes + run.misattributions + run.stuck + run.rejuvenated + run.obedience.violations(at: run.now)
            + (run.isSpinning ? ["ticks without end at \(run.now)"] : [])
            + sentOnlyAllowedRequests
            + pausedOnEvidence
            + startedOnlyWhatFits + retriedFailedPauses + sentPausesAtOnce + logIsComplete + pausedInTime + protected
            + settled
            + run.groupViolations + changedOnEvidence
            + reportedConsistently + reportedMissingData + reportedRecoveries
    }

    var launched: Set<CampaignID> { Set(world.policy.launches.map(\.campaign)) }

    /// Observe mode sends nothing; only launches are started, and never a campaign that a person paused.
    private var sentOnlyAllowedRequests: [String] {
        var violations: [String] = []
        var starts: [CampaignID: Int] = [:]
        for case .sent(let at, let intent, let status) in run.log {
            if world.policy.mode == .observe { violations.append("\(intent.action) sent in observe mode at \(at)") }
            switch intent.action {
            case .pause, .resume: break
            case .start:
                starts[intent.campaign, default: 0] += 1
                if !launched.contains(intent.campaign) {
                    violations.append("started \(intent.campaign), no launch, at \(at)")
                }
                if status == .paused, !intent.isOrdered {
                    violations.append("started \(intent.campaign), which someone had paused, at \(at)")
                }
            }
        }
        return violations
    }

    /// Every pause follows `rule.firing`, and the last good answer breaches the rule.
    private var pausedOnEvidence: [String] {
        var violations: [String] = []
        var latest: [CampaignID: CampaignStats] = [:]
        var isFiring: Set<CampaignID> = []
        // Campaigns that a person paused: repeating their pauses needs no breach.
        var pausedByPerson: Set<CampaignID> = []
        // Consecutive good answers without a breach.
        var calm: [CampaignID: Int] = [:]
        // The counters at the last resume, from which the rule is evaluated.
        var base: [CampaignID: CampaignStats] = [:]
        var baseBeforeReset: [CampaignID: CampaignStats] = [:]
        var isReset: Set<CampaignID> = []
        var evaluated: [CampaignID: CampaignStats] = [:]
        // The response to a resume was lost, so the campaign may have run since; counters before it still count.
        var mayRun: Set<CampaignID> = []
        var resumedAt: [CampaignID: Instant] = [:]
        for entry in run.log {
            switch entry {
            case .arrived, .reloaded, .muted: break
            case .crashed(let at):
                // A resume that was reported but not stored is detected again, and still counts from its start.
                for (id, resumed) in resumedAt where resumed == at { mayRun.insert(id) }
            case .failed(_, let intent, let mayHaveTakenEffect):
                if intent.action == .resume, mayHaveTakenEffect { mayRun.insert(intent.campaign) }
            case .observed(_, let observation, _):
                if case .stats(let id) = observation.target, case .success(.stats(let stats)) = observation.result {
                    latest[id] = stats
                    if let bounced = stats.bounced, let resolved = stats.resolved {
                        let since = (bounced - (base[id]?.bounced ?? 0), resolved - (base[id]?.resolved ?? 0))
                        calm[id] = isBreach(since.0, since.1) ? 0 : calm[id, default: 0] + 1
                    } else {
                        // Without bounces, an answer shows nothing.
                        calm[id] = 0
                    }
                }
            case .reported(let at, let event):
                guard let id = event.fields[.campaign].flatMap({ CampaignID($0) }) else { continue }
                // A rule is evaluated from the resume that ended its own pause.
                if event.kind == .campaignResumed {
                    resumedAt[id] = at
                    if let rule = event.fields[.rule] {
                        (base[id], baseBeforeReset[id]) = (rule == "bounces" ? evaluated[id] : nil, nil)
                        // A resume since the reset is what counts, whether or not the counters return.
                        isReset.remove(id)
                    }
                }
                if [.campaignResumed, .campaignPaused, .campaignOverride].contains(event.kind) { mayRun.remove(id) }
                if event.kind == .orderAccepted, event.fields[.order] == Order.Act.pause.rawValue {
                    pausedByPerson.insert(id)
                }
                if [.campaignResumed, .campaignOverride].contains(event.kind) { pausedByPerson.remove(id) }
                if event.kind == .statsReset {
                    if isReset.insert(id).inserted { baseBeforeReset[id] = base[id] }
                    (base[id], evaluated[id]) = (nil, nil)
                    // The answers until then were compared with the base from before.
                    calm[id] = 0
                }
                if event.kind == .statsRestored, isReset.remove(id) != nil { base[id] = baseBeforeReset[id] }
                guard event.fields[.rule] == "bounces" else { continue }
                if event.kind == .ruleFiring { isFiring.insert(id) }
                if event.kind == .ruleCleared { isFiring.remove(id) }
            case .sent(let at, let intent, _):
                if intent.action == .resume, !mayRun.contains(intent.campaign) {
                    evaluated[intent.campaign] = latest[intent.campaign]
                }
                guard intent.action == .pause, case .rule(let rule) = intent.decision.cause else { continue }
                // A retry is evaluated again: two good samples without a breach prevent it, missing samples do not.
                if intent.attempt > 1 {
                    if rule == "bounces", calm[intent.campaign, default: 0] >= 2,
                        !pausedByPerson.contains(intent.campaign)
                    {
                        violations.append("paused \(intent.campaign) again without a breach at \(at)")
                    }
                    continue
                }
                // The pauses of the other rules have invariants of their own.
                if rule != "bounces" {
                    let isKnown = rule == "change" && world.rules.change != nil || rule == "team"
                    if !isKnown { violations.append("paused by rule \(rule) at \(at)") }
                    continue
                }
                if !isFiring.contains(intent.campaign) {
                    violations.append("paused \(intent.campaign) without a firing rule at \(at)")
                }
                guard let stats = latest[intent.campaign], let bouncedInAll = stats.bounced,
                    let delivered = stats.delivered
                else {
                    violations.append("paused \(intent.campaign) on unknown numbers at \(at)")
                    continue
                }
                let before = base[intent.campaign]
                let bounced = bouncedInAll - (before?.bounced ?? 0)
                let resolved = bouncedInAll + delivered - (before?.resolved ?? 0)
                if !isBreach(bounced, resolved) {
                    violations.append("paused \(intent.campaign) at \(bounced) of \(resolved), \(at)")
                }
            }
        }
        return violations
    }

    func isBreach(_ bounced: Int, _ resolved: Int) -> Bool {
        resolved >= world.resolvedMin && Double(bounced) > world.limit * Double(resolved)
    }

    /// Nothing delays a pause: no rate limit, no budget, no stopped log reader.
    private var sentPausesAtOnce: [String] {
        var violations: [String] = []
        var sentAt: [CampaignID: Instant] = [:]
        let longest = max(world.weather.latencyMax, .seconds(2)) + .seconds(1)
        for entry in run.log {
            switch entry {
            case .crashed: sentAt = [:]
            case .sent(let at, let intent, _): if intent.action == .pause { sentAt[intent.campaign] = at }
            case .arrived(let at, let intent):
                guard intent.action == .pause, let sent = sentAt.removeValue(forKey: intent.campaign) else { continue }
                if at - sent > longest { violations.append("a pause of \(intent.campaign) took from \(sent) to \(at)") }
            case .failed, .reported, .observed, .reloaded, .muted: break
            }
        }
        return violations + sentAt.filter { run.now - $0.value > longest }.map { "a pause of \($0.key) never left" }
    }

    /// Log entries are read in order; a missing number is followed by a summary.
    private var logIsComplete: [String] {
        var violations: [String] = []
        var (last, missing, unexplained) = (0, 0, 0)
        for line in run.lines {
            let gap = line.sequence - last - 1
            if gap < 0 { violations.append("entry \(line.sequence) of the log after \(last)") }
            (missing, unexplained, last) = (missing + gap, unexplained + gap, line.sequence)
            if line.kind == .journalDropped { unexplained = 0 }
        }
        if missing != run.droppedEntries {
            violations.append("\(missing) numbers missing, \(run.droppedEntries) dropped")
        }
        if unexplained > 0 { violations.append("\(unexplained) entries are missing, and no entry says so") }
        return violations
    }

    /// A failed pause is retried within a minute unless there is a reason not to.
    private var retriedFailedPauses: [String] {
        guard world.policy.mode == .enforce else { return [] }
        var violations: [String] = []
        var failedAt: [CampaignID: Instant] = [:]
        var away: Set<CampaignID> = []
        let tolerance = Duration.seconds(61)
        for entry in run.log {
            switch entry {
            case .crashed: failedAt = [:]
            // A pause waits while the policy does not name its campaign.
            case .reloaded(_, let without):
                away = without
                for id in without { failedAt[id] = nil }
            case .failed(let at, let intent, _):
                if intent.action == .pause, !away.contains(intent.campaign) { failedAt[intent.campaign] = at }
            case .sent(let at, let intent, _):
                guard let failed = failedAt.removeValue(forKey: intent.campaign), intent.action == .pause else {
                    continue
                }
                if at - failed > tolerance {
                    violations.append(
                        "the pause of \(intent.campaign) failed at \(failed), and was sent again at \(at)")
                }
            case .reported(_, let event):
                guard event.kind == .campaignPauseAbandoned,
                    let id = event.fields[.campaign].flatMap({ CampaignID($0) })
                else { continue }
                failedAt[id] = nil
            case .observed, .arrived, .muted: break
            }
        }
        for (id, at) in failedAt where run.now - at > tolerance {
            violations.append("the pause of \(id) failed at \(at), and was never sent again")
        }
        return violations
    }

    /// A start reserves no more than the pool reported, minus what earlier starts have not sent yet.
    private var startedOnlyWhatFits: [String] {
        var violations: [String] = []
        var remaining: Int?
        var latest: [CampaignID: CampaignStats] = [:]
        var reservations: [CampaignID: Int] = [:]
        // The response to a start or a resume was lost.
        var mayRun: Set<CampaignID> = []
        var pausedAt: [CampaignID: Instant] = [:]
        // Volume of a resume, which other resumes do not wait for.
        var isOfResume: Set<CampaignID> = []
        // The last known value, because an answer can lack it.
        var sent: [CampaignID: Int] = [:]
        for entry in run.log {
            switch entry {
            case .observed(_, let observation, _):
                switch observation.result {
                case .success(.pools(let pools)): remaining = pools.first?.remainingVolume
                case .success(.stats(let stats)):
                    guard case .stats(let id) = observation.target else { continue }
                    latest[id] = stats
                    // A reservation that was sent in full stays closed, even if the counters restart.
                    if let now = stats.sent { sent[id] = now }
                    if let reservation = reservations[id], let now = stats.sent, now >= reservation {
                        reservations[id] = nil
                    }
                    // Restarted counters never reach the reservation, but nothing is left to send.
                    if stats.queued == 0, let now = stats.sent, now > 0 { reservations[id] = nil }
                case .success(.accounts), .success(.pool), .success(.operation), .failure: break
                }
            case .sent(let at, let intent, _) where intent.action != .pause:
                guard let enrolled = latest[intent.campaign]?.totalEnrolled, let volume = remaining else {
                    // A campaign that has run needs no new volume.
                    if intent.order?.isForced == true || intent.action == .resume { continue }
                    violations.append("started \(intent.campaign) on unknown numbers at \(at)")
                    continue
                }
                let outstanding = reservations.filter { $0.key != intent.campaign }.reduce(0) { sum, reservation in
                    sum + max(0, reservation.value - (sent[reservation.key] ?? 0))
                }
                let launched = reservations.filter { $0.key != intent.campaign && !isOfResume.contains($0.key) }
                let reserved = launched.reduce(0) { sum, reservation in
                    sum + max(0, reservation.value - (sent[reservation.key] ?? 0))
                }
                let rest = enrolled - (intent.action == .resume ? sent[intent.campaign] ?? 0 : 0)
                // A resume respects the volume reserved for launches, for a day.
                let isResume = intent.action == .resume
                let isFree =
                    isResume
                    && (intent.order != nil || rest == 0 || reserved == 0 || rest <= volume - reserved
                        || at - (pausedAt[intent.campaign] ?? at) >= .seconds(86400))
                if rest > volume - outstanding, intent.order?.isForced != true, !isFree {
                    violations.append(
                        "\(intent.action) of \(intent.campaign) with \(rest) to send at \(volume) left and \(outstanding) reserved, \(at)"
                    )
                }
                reservations[intent.campaign] = enrolled
                if isResume { isOfResume.insert(intent.campaign) } else { isOfResume.remove(intent.campaign) }
            // A paused campaign does not send its reserved volume; its resume reserves the remainder.
            case .reported(let at, let event) where event.kind == .campaignPaused || event.kind == .statsReset:
                if let id = event.fields[.campaign].flatMap({ CampaignID($0) }) {
                    if event.kind == .campaignPaused { pausedAt[id] = at }
                    reservations[id] = nil
                    mayRun.remove(id)
                }
            // A start that certainly failed needs no volume, unless an earlier attempt may have succeeded.
            case .failed(_, let intent, let mayHaveTakenEffect) where intent.action != .pause:
                if mayHaveTakenEffect { mayRun.insert(intent.campaign) }
                if !mayRun.contains(intent.campaign) { reservations[intent.campaign] = nil }
            case .sent, .reported, .failed, .crashed, .arrived, .reloaded, .muted: break
            }
        }
        return violations
    }

    /// Once faults stop, every action completes.
    private var settled: [String] {
        let retries = run.log.count { entry in
            guard case .sent(let at, let intent, _) = entry else { return false }
            return intent.attempt > 1 && run.now - at < .seconds(1800)
        }
        return (run.openActions > 0 ? ["\(run.openActions) actions without an end"] : [])
            + (retries > 0 ? ["\(retries) actions still tried again in calm weather"] : [])
    }

    /// A list that is clearly bad stops sending, unless a person ordered otherwise or the API was failing.
    private var protected: [String] {
        guard world.policy.mode == .enforce, world.weather.faults < 0.2, world.weather.ineffective == 0,
            world.weather.sparse == 0
        else { return [] }
        return run.world.campaigns.compactMap { campaign in
            let wasTouched = world.description.acts.contains { act in
                switch act.action {
                case .start(let id), .pause(let id), .reset(let id): id == campaign.description.id
                case .enroll, .setStatus, .removeSender, .restoreSenders, .setSender: false
                }
            }
            let wasOrdered = run.log.contains { entry in
                guard case .reported(_, let event) = entry, event.kind == .orderAccepted else { return false }
                return event.fields[.campaign] == campaign.description.id.text
            }
            let resolved = campaign.delivered + campaign.bounced
            // A resumed campaign can be on probation.
            let wasResumed = run.log.contains { entry in
                guard case .reported(_, let event) = entry, event.kind == .campaignResumed else { return false }
                return event.fields[.campaign] == campaign.description.id.text
            }
            // The bounces during one slow poll cycle and a `for` of ten minutes, and those in transit.
            let tolerated = Double(world.resolvedMin) + campaign.description.rate * 1.2 + 50
            guard !wasTouched, !wasOrdered, !wasResumed, world.weather.crashes < 0.01,
                campaign.description.turnsBad == nil,
                campaign.description.bounceRate >= 0.15,
                Double(resolved) > tolerated, campaign.status == .running
            else { return nil }
            return "\(campaign.description.id) still runs with \(campaign.bounced) of \(resolved) bounced"
        }
    }

    /// Transitions are reported in order, and none twice in a row.
    private var reportedConsistently: [String] {
        var violations: [String] = []
        var phase: [String: EventKind] = [:]
        var wasReloaded = false
        for entry in run.log {
            // A transition reported just before a crash is reported again.
            if case .crashed = entry { phase = [:] }
            // A group whose only campaign leaves the policy is gone, and begins again when it returns.
            if case .reloaded = entry {
                phase = phase.filter { !$0.key.hasPrefix("team") }
                wasReloaded = true
            }
            guard case .reported(let at, let event) = entry else { continue }
            switch event.kind {
            case .rulePending, .ruleFiring, .ruleCleared:
                // Reloads add and remove the other rule.
                guard event.fields[.rule] != "many-replies" else { continue }
                let key =
                    "\(event.fields[.rule] ?? "") \(event.fields[.campaign] ?? "") \(event.fields[.group] ?? "")"
                let isUnknown = wasReloaded && key.hasPrefix("team")
                defer { phase[key] = event.kind }
                guard let previous = phase[key] ?? (run.crashes == 0 && !isUnknown ? .ruleCleared : nil) else {
                    continue
                }
                let isInOrder =
                    switch event.kind {
                    case .rulePending: previous == .ruleCleared
                    case .ruleFiring: previous != .ruleFiring
                    default: previous != .ruleCleared
                    }
                if !isInOrder {
                    violations.append("\(key): \(event.kind.rawValue) after \(previous.rawValue) at \(at)")
                }
            default: break
            }
            if event.message.contains("\n") || event.message.isEmpty { violations.append("a bad message at \(at)") }
        }
        return violations
    }
}
