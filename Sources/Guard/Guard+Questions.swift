package import Model
package import Policy

/// Read access for explanations and status reports.
extension Guard {
    /// The readings of launch rules for the campaign at that index.
    package func readings(_ index: Int, at now: Instant) -> any Readings {
        campaigns[index].readings(in: context(of: campaigns[index].entry, at: now))
    }

    /// The readings of a running rule for the campaign at that index; nil if the rule does not apply to it.
    package func readings(_ index: Int, of rule: String, at now: Instant) -> (any Readings)? {
        campaigns[index].rules.index(of: rule).map {
            campaigns[index].readings(ofSlot: $0, in: context(of: campaigns[index].entry, at: now))
        }
    }

    /// Campaigns with windows that a reload added, and the time from which they need stored samples.
    package func missingSamples(at now: Instant) -> [(campaign: CampaignID, workspace: WorkspaceName, since: Instant)] {
        campaigns.indices.compactMap { index in
            campaigns[index].samples.history.missing.map {
                (campaigns[index].entry.id, campaigns[index].entry.workspace, now - $0)
            }
        }
    }

    /// The counters that rules on the campaign read and that cost a request of their own.
    package func extraCounters(of campaign: CampaignID) -> Set<ExtraCounter> {
        // Each poll asks this, and hardly any campaign has such a rule.
        guard let index = campaigns.index(of: campaign), !campaigns[index].rules.set.extraCounters.isEmpty,
            let provider = policy.workspace(campaigns[index].entry.workspace)?.provider
        else { return [] }
        return provider.extras(among: campaigns[index].rules.set.extraCounters)
    }

    /// The obstacles to a resume of the campaign at that index, and the warnings; nil if it is not paused.
    package func resumeOutlook(
        _ index: Int, at now: Instant
    ) -> (obstacles: [ResumeObstacle], warnings: [LaunchWarning])? {
        let owner: String?
        switch campaigns[index].phase {
        case .unknown, .draft, .starting, .running, .pausing: return nil
        case .paused(let pause): owner = pause.decision.cause.rule
        case .resuming(let attempt): owner = attempt.pause.decision.cause.rule
        // Not our pause, so every rule counts.
        case .pausedByAnother: owner = nil
        }
        let context = context(of: campaigns[index].entry, at: now)
        return (
            campaigns[index].obstacles(to: book.rule(owner, on: campaigns[index].entry), in: context),
            campaigns[index].launchWarnings(in: context)
        )
    }

    /// True if a wall-clock time is in the future.
    package func isAhead(_ wallTime: Instant, at now: Instant) -> Bool { monotonic(wallTime) > now }

    /// Restores pools as an earlier process knew them, for a guard that only answers questions.
    package mutating func recall(pools known: [SenderPool], at then: Instant) {
        pools.recall(known, of: policy, at: then)
    }
}

extension RuleTable {
    /// The launch rules that apply to the campaign, in policy order.
    package var launchRules: [Rule] { self.set.launch }
}
