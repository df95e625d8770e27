import Guard
import Model
import Policy

/// An action of the guard or of a replay.
struct ReplayedAction: Hashable, CustomStringConvertible {
    enum Kind: Hashable {
        case pause, relapse, resume
    }

    var kind: Kind
    var rule: String
    var at: Instant

    var description: String { "\(kind) \(rule) \((at - RandomRecording.start).seconds / 60)m" }
}

/// The outcome of a recording: the actions in order, and the firings of each rule.
struct ReplayedCourse: Hashable {
    var actions: [ReplayedAction] = []
    var firings: [String: Int] = [:]
}

extension ReplayedCourse {
    /// Runs the guard on a platform that responds to every request at once.
    init(guard policy: CheckedPolicy, _ recording: RandomRecording) {
        let id = policy.campaigns[0].id
        var warden = Guard(policy: policy, at: RandomRecording.start)
        _ = warden.handle(.started, at: RandomRecording.start)
        var platform = RandomRecording.Platform()
        var isPaused = false
        for step in recording.steps {
            let now = step.at
            let stats = platform.answer(to: step, isPaused: isPaused)
            let observation = PollOutcome(target: .stats(id), requestedAt: now, result: .success(.stats(stats)))
            var effects = warden.handle(.tick, at: now) + warden.handle(.polled(observation), at: now)
            while !effects.isEmpty {
                switch effects.removeFirst() {
                case .send(let intent):
                    isPaused = intent.action == .pause
                    note(intent, at: now)
                    let answer = ActionAnswer(
                        status: isPaused ? .paused : .running, pausedAt: isPaused ? now : nil,
                        startedAt: isPaused ? nil : now)
                    effects += warden.handle(.answered(intent, .success(answer), jitter: 1), at: now)
                case .report(.rule(let transition)):
                    if transition.change == .firing { firings[transition.rule.name, default: 0] += 1 }
                case .report: break
                case .poll, .record, .ready, .reply, .replyToMute, .change: break
                }
            }
        }
    }

    private mutating func note(_ intent: Intent, at now: Instant) {
        let kind: ReplayedAction.Kind
        let name: String
        switch intent.decision.cause {
        case .rule(let rule): (kind, name) = (.pause, rule)
        case .relapse(let rule): (kind, name) = (.relapse, rule)
        case .cooldownOver(let rule): (kind, name) = (.resume, rule)
        case .order, .launchRulesPass, .unapprovedLaunch: return
        }
        actions.append(ReplayedAction(kind: kind, rule: name, at: now))
    }

    /// Replays the recording that the platform would have made without pauses.
    init(replay policy: CheckedPolicy, _ recording: RandomRecording) {
        var replay = CampaignReplay(policy.campaigns[0], policy: policy)
        var platform = RandomRecording.Platform()
        for step in recording.steps { replay.observe(platform.answer(to: step, isPaused: false), at: step.at) }
        for stop in replay.stops {
            actions.append(ReplayedAction(kind: stop.isRelapse ? .relapse : .pause, rule: stop.rule, at: stop.at))
            if let resumedAt = stop.resumedAt {
                actions.append(ReplayedAction(kind: .resume, rule: stop.rule, at: resumedAt))
            }
        }
        for rule in replay.firings where rule.count > 0 { firings[rule.rule] = rule.count }
    }
}
