import Guard
import Model
import Policy

/// What happens next to a campaign, one clause each.
extension Guard {
    func next(_ index: Int, _ launch: LaunchMachine?, at now: Instant) -> [String] {
        let campaign = campaigns[index]
        var next: [String] = []
        if policy.mode == .observe { next.append("observe mode: decisions are reported, nothing is sent") }
        if campaign.samples.isMissing {
            next.append("the platform does not know this id: \(Phrase.checkID(campaign.entry))")
        }
        if campaign.samples.isStale { next.append("no rule can fire until fresh stats arrive") }
        next += afterPhase(campaign, at: now)
        if campaign.resumes.isOnProbation, let base = campaign.resumes.baseline,
            let probation = policy.rule(base.rule)?.resolved(on: campaigns[index].entry).resume?.probation
        {
            let resolved = campaign.samples.latest.flatMap { $0.stats.counted(from: base.stats).resolved } ?? 0
            next.append(
                "on probation since \(base.at.toTheSecond): \(resolved) of \(probation.sends) emails resolved; it is "
                    + "paused again if \(probation.conditionText)")
        }
        if let launch, launch.isOpen {
            next += after(launch, at: now)
        } else if let order = campaign.launchHold, campaign.samples.latest?.stats.showsSending != true {
            next.append(
                "\(order.giver) holds any launch that the policy adds; "
                    + "'sendwarden release \(campaign.entry.id)' lifts the hold")
        }
        next += muteWindows.filter { !$0.hasBegun && campaign.entry.labels.hasAll($0.labels) }.map { window in
            "\(Phrase.text(window)) is planned from \(window.startsAt.toTheSecond) until \(window.endsAt.toTheSecond) by "
                + "\(window.giver): \(Phrase.mutes(window))"
        }
        next += muteWindows.filter { $0.hasBegun && campaign.entry.labels.hasAll($0.labels) }.map { window in
            "\(Phrase.text(window)) is in force until \(window.endsAt.toTheSecond), ordered by \(window.giver): "
                + Phrase.mutes(window)
        }
        if let polls = nextPolls(index) { next.append(polls) }
        return next
    }

    private func afterPhase(_ campaign: CampaignMachine, at now: Instant) -> [String] {
        switch campaign.phase {
        case .unknown: return ["its counters do not show yet whether it is running"]
        case .running, .draft: return []
        case .starting(let attempt):
            return attempt.isUnderWay
                ? ["its start was sent; waiting for the response"]
                : ["the response to its start was lost; its counters will show whether it is running"]
        case .pausing(let attempt):
            guard attempt.failures > 0 else { return ["its pause was sent; waiting for the response"] }
            let retry = attempt.retryAt.map { "; next attempt at \($0.shortText(on: now))" } ?? ""
            return ["its pause was sent and has failed \(times(attempt.failures)) so far\(retry)"]
        case .paused(let pause):
            let doubt = pause.repetitions.map {
                "the platform confirmed \($0 + 1) pauses, but the campaign is still sending; the pause is sent again "
                    + "until it stops"
            }
            return (doubt.map { [$0] } ?? []) + [after(pause, campaign)]
        case .resuming(let attempt):
            if attempt.order == nil, case .waiting = attempt.step, case .quietHours(let quiet) = attempt.reported {
                return ["its resume waits: \(Phrase.text(quiet)); then it is evaluated on fresh stats"]
            }
            let obstacle = attempt.reported.map { "; last time: \(Phrase.text($0))" } ?? ""
            switch attempt.step {
            case .waiting(let until): return ["its resume is evaluated again at \(until.shortText(on: now))\(obstacle)"]
            case .evaluating: return ["fresh stats for its resume were requested\(obstacle)"]
            case .sent: return ["its resume was sent; waiting for the response"]
            }
        case .pausedByAnother: return [onlyAPerson(campaign)]
        }
    }

    private func times(_ count: Int) -> String { count == 1 ? "once" : "\(count) times" }

    private func onlyAPerson(_ campaign: CampaignMachine) -> String {
        "only a person can start it again: on the platform, or with 'sendwarden resume \(campaign.entry.id)'"
    }

    private func after(_ pause: Pause, _ campaign: CampaignMachine) -> String {
        guard let resumeAt = pause.resumeAt else { return onlyAPerson(campaign) }
        let relapses = campaign.resumes.relapses
        let history = relapses > 0 ? ", longer after \(relapses) relapse\(relapses == 1 ? "" : "s")" : ""
        return "in cooldown until \(resumeAt.toTheSecond)\(history); then it is resumed unless fresh stats show a "
            + "reason not to"
    }

    /// How often the campaign is polled, and why; nil if the interval is fixed.
    private func nextPolls(_ index: Int) -> String? {
        guard !policy.poll.stats.isFixed else { return nil }
        let polls = "polled every \(pollInterval(index).policyText)"
        guard let outlook = campaigns[index].outlook else { return polls }
        let emails = Int(outlook.emails.rounded(.up))
        let assumed = outlook.assumed.isEmpty ? "" : "if \(Phrase.text(outlook.assumed)) from now on, "
        return "\(polls): \(assumed)\(emails) more email\(emails == 1 ? "" : "s") "
            + "(\(outlook.time.spokenText) at its pace) would breach \(outlook.rule)"
    }

    private func after(_ launch: LaunchMachine, at now: Instant) -> [String] {
        let id = launch.entry.campaign
        if let order = launch.heldBy {
            return ["\(order.giver) holds its launch; 'sendwarden release \(id)' lifts the hold"]
        }
        var next: [String] = []
        if let notBefore = launch.entry.notBefore, isAhead(notBefore, at: now) {
            next.append("its launch starts no earlier than \(notBefore.toTheSecond)")
        }
        if let index = launches.index(of: id), let ahead = launchAhead(of: index, at: now) {
            next.append(
                "it waits up to \(policy.staleAfter.policyText) for the launch of \(ahead.entry.campaign), which is "
                    + "due first and has not been evaluated yet")
        }
        if let (shortfall, earliest) = fit(of: launch, at: now) {
            let renewal = earliest.map { "; the pool's window resets at \($0.toTheSecond)" } ?? ""
            next.append("the pool is short by \(shortfall) emails for its launch\(renewal)")
            if let campaign = campaigns[id], let enrolled = campaign.samples.latest?.stats.totalEnrolled,
                let pool = pools.reading(for: campaign.entry, at: now), pool.neverTakes(enrolled),
                let capacity = pool.pool.dailyCapacity
            {
                next.append("it \(Phrase.neverFits(enrolled, capacity: capacity))")
            }
        }
        if let expires = launch.entry.expires { next.append("its launch expires at \(expires.toTheSecond)") }
        return next
    }
}
