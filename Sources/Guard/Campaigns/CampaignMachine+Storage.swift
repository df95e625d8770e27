import Model
import Policy

/// Stores and restores a campaign's state.
extension CampaignMachine {
    /// Changes with everything stored except the newest counters, which are stored as samples.
    var storageMark: Int {
        var hasher = Hasher()
        hasher.combine(phase)
        rules.hash(into: &hasher)
        hasher.combine(samples.isMissing)
        hasher.combine(samples.isStale)
        hasher.combine(samples.firstAt)
        hasher.combine(standstill)
        hasher.combine(freshAfter)
        hasher.combine(resumes)
        hasher.combine(orderedPause)
        hasher.combine(launchHold)
        hasher.combine(watch)
        hasher.combine(beforeRestart)
        hasher.combine(entry.listing)
        return hasher.finalize()
    }

    var memory: CampaignMemory {
        CampaignMemory(
            id: entry.id, phase: phase, latest: samples.latest, rules: rules.memories, isMissing: samples.isMissing,
            isStale: samples.isStale, freshAfter: freshAfter, resumes: resumes, standingSince: standstill.since,
            isStandstillReported: standstill.isReported, mutes: rules.mutes.isEmpty ? nil : rules.mutes,
            orderedPause: orderedPause, launchHold: launchHold, watch: watch, firstAt: samples.firstAt,
            beforeRestart: beforeRestart, listing: entry.listing)
    }

    /// Restores what an earlier process stored, apart from the samples.
    ///
    /// Times after `now` are clamped, because the clock may have been set back.
    mutating func takeUp(_ memory: CampaignMemory, grace: Duration, at now: Instant) {
        samples.takeUp(memory, at: now)
        rules.takeUp(memory.rules, memory.mutes ?? [:], at: now)
        freshAfter = min(memory.freshAfter, now)
        resumes = memory.resumes
        standstill = LongStandstill(
            since: memory.standingSince.map { min($0, now) }, isReported: memory.isStandstillReported)
        orderedPause = memory.orderedPause
        launchHold = memory.launchHold
        watch = memory.watch
        phase = memory.phase.takenUp(grace: grace, at: now)
        beforeRestart = samples.isRestartOpen ? memory.beforeRestart : nil
    }

    // MARK: Reloads

    /// Evaluates a resume again from its beginning, because the responses that it waits for may not come.
    mutating func evaluateResumeAgain(at now: Instant) {
        guard case .resuming(var attempt) = phase, case .evaluating = attempt.step else { return }
        attempt.step = .waiting(until: now)
        phase = .resuming(attempt)
    }

    /// Returns to the policy and continues where it was.
    mutating func comeBack(at now: Instant) { samples.watch(since: now) }

    /// Returns to the policy with what an earlier process stored.
    mutating func comeBack(_ stored: AbsentCampaign, grace: Duration, at now: Instant) {
        samples = stored.samples
        samples.adopt(windows: rules.set.windows)
        samples.watch(since: now)
        takeUp(stored.memory, grace: grace, at: now)
    }

    /// Restores a start that an earlier version stored with the launch, unless its outcome is known since.
    mutating func takeUp(lostStart intent: Intent) {
        switch phase {
        case .unknown, .draft:
            phase = .starting(StartAttempt(intent: intent, isUnderWay: false, lost: intent))
        case .starting, .running, .pausing, .paused, .resuming, .pausedByAnother: break
        }
    }
}

extension CampaignPhase {
    /// The phase after a restart of the process: requests under way may have taken effect.
    fileprivate func takenUp(grace: Duration, at now: Instant) -> CampaignPhase {
        switch self {
        case .unknown, .draft, .running: return self
        case .starting(var attempt):
            if attempt.isUnderWay { (attempt.isUnderWay, attempt.lost) = (false, attempt.intent) }
            return .starting(attempt)
        case .pausing(var attempt):
            attempt.intent.sentAt = min(attempt.intent.sentAt, now)
            attempt.noteLost()
            attempt.intent.firstSentAt = min(attempt.intent.firstSentAt, now)
            attempt.retryAt = now
            return .pausing(attempt)
        case .paused(var pause):
            pause.standstill.clamp(to: now + grace)
            return .paused(pause)
        case .pausedByAnother(var standstill):
            standstill.clamp(to: now + grace)
            return .pausedByAnother(standstill)
        case .resuming(var attempt):
            attempt.pause.standstill.clamp(to: now + grace)
            if attempt.isSent { attempt.mayHaveTakenEffect = true }
            attempt.step = .waiting(until: now)
            return .resuming(attempt)
        }
    }
}
