package import Model
package import Policy

/// What explanations and status reports ask of the guard, beside its machines.
extension Guard {
    /// What launch rules read of the campaign of that index.
    package func readings(_ index: Int, at now: Instant) -> any Readings {
        campaigns[index].readings(in: context(of: campaigns[index].entry, at: now))
    }

    /// What a rule on running campaigns reads of the campaign of that index; nil where it does not apply there.
    package func readings(_ index: Int, of rule: String, at now: Instant) -> (any Readings)? {
        campaigns[index].rules.index(of: rule).map {
            campaigns[index].readings(ofSlot: $0, in: context(of: campaigns[index].entry, at: now))
        }
    }

    /// The obstacles to a resume of the campaign of that index, and the warnings; nil where it is not paused.
    package func resumeOutlook(
        _ index: Int, at now: Instant
    ) -> (obstacles: [ResumeObstacle], warnings: [LaunchWarning])? {
        let owner: String?
        switch campaigns[index].phase {
        case .unknown, .draft, .starting, .running, .pausing: return nil
        case .paused(let pause): owner = pause.decision.cause.rule
        case .resuming(let attempt): owner = attempt.pause.decision.cause.rule
        // None of ours, so that every rule counts.
        case .pausedByAnother: owner = nil
        }
        let context = context(of: campaigns[index].entry, at: now)
        return (
            campaigns[index].obstacles(to: book.rule(owner), in: context),
            campaigns[index].launchWarnings(in: context)
        )
    }

    /// A time of the wall clock that has not come.
    package func isAhead(_ wallTime: Instant, at now: Instant) -> Bool { monotonic(wallTime) > now }

    /// Takes up pools as an earlier process knew them, for a guard that is only asked.
    package mutating func recall(pools known: [SenderPool], at then: Instant) {
        pools.recall(known, of: policy, at: then)
    }
}

extension RuleTable {
    /// The launch rules that apply to the campaign, in the policy's order.
    package var launchRules: [Rule] { self.set.launch }
}
