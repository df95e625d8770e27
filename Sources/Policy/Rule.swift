package import Model

/// One rule of the policy.
package struct Rule: Hashable, Sendable {
    /// What a rule is evaluated for.
    package enum Trigger: String, CaseIterable, Sendable {
        case running, launch, pool, group
    }

    package enum Action: String, CaseIterable, Sendable {
        case pause, hold, alert
        case removeSender = "remove_sender"
        case restoreSender = "restore_sender"

        /// True if the action changes a pool's members.
        package var changesSenders: Bool { self == .removeSender || self == .restoreSender }
    }

    package enum Mode: String, CaseIterable, Sendable {
        case enforce, observe, off
    }

    package enum Severity: String, CaseIterable, Sendable {
        case info, warning, critical
    }

    /// The campaigns that a rule applies to.
    package enum Selector: Hashable, Sendable {
        case all
        case ids(Set<CampaignID>)
        /// Campaigns that have every one of these labels.
        case labels([String: String])
    }

    /// How long a condition must hold before the rule fires.
    package enum For: Hashable, Sendable {
        /// Time that accrues between good samples.
        case duration(Duration)
        /// At least `breaches` of the last `samples` good samples.
        case count(breaches: Int, samples: Int)
    }

    package var name: String
    package var trigger: Trigger
    package var selector: Selector
    package var condition: Condition
    /// The condition as the policy writes it.
    package var conditionText: String
    /// The rule's `for:`.
    package var forClause: For
    package var mode: Mode
    package var action: Action
    package var severity: Severity
    /// How sure the rule must be that its ratio is above the limit, for example 0.95; nil for a plain comparison.
    package var confidence: Double?
    /// Makes the rule look for a change: the number of emails within which the confidence limits false pauses.
    package var within: Int?
    package var resume: Resume?
    package var onOverride: OnOverride?
    /// The pools that a rule on pools applies to; nil means all.
    package var pools: Set<PoolID>?
    /// The senders that a rule may remove or restore.
    package var sender: SenderSelector?
    /// What a rule on groups groups campaigns by; nil for other rules.
    package var grouping: Grouping?
    /// Which campaigns a rule on groups pauses; nil unless it pauses.
    package var offenders: Offenders?
    /// A rule that removes senders leaves at least this many that can send.
    package var keepAtLeast: Int?
    /// The overrides of the rule, in policy order; the last that matches a campaign applies.
    package var overrides: [RuleOverride] = []

    /// Every window that the rule and its probation use, with the counters they read in it.
    package var windowedCounters: [TimeWindow: Set<Counter>] {
        let own = condition.windowedCounters
        return own.merging(resume?.probation?.condition.windowedCounters ?? [:]) { $0.union($1) }
    }

    /// The counters that the rule and its probation read and that some platform reports only in a response of its own.
    package var extraCounters: Set<ExtraCounter> {
        let counters = condition.counters.union(resume?.probation?.condition.counters ?? [])
        return Set(counters.compactMap { ExtraCounter(rawValue: $0.rawValue) })
    }

    /// The API responses that the rule and its probation read.
    package var sources: Set<Source> {
        condition.sources.union(resume?.probation?.condition.sources ?? [])
    }

    package func applies(to campaign: CampaignEntry) -> Bool {
        switch selector {
        case .all: true
        case .ids(let ids): ids.contains(campaign.id)
        case .labels(let labels): campaign.labels.hasAll(labels)
        }
    }
}

extension Rule {
    /// True if the rule is evaluated on the campaign, alone or as part of a group.
    package func isEvaluated(on campaign: CampaignEntry) -> Bool {
        let mode = override(on: campaign)?.rule.mode ?? mode
        guard trigger != .pool, mode != .off, applies(to: campaign) else { return false }
        return trigger != .group || grouping?.group(of: campaign) != nil
    }

    package func applies(to pool: PoolID) -> Bool { pools?.contains(pool) ?? true }
}

extension [Rule] {
    /// Every window that any of the rules uses, with the counters read in it.
    package var windowedCounters: [TimeWindow: Set<Counter>] {
        reduce(into: [:]) { windows, rule in
            for rule in rule.variants { windows.merge(rule.windowedCounters) { $0.union($1) } }
        }
    }
}

/// How a campaign that a rule paused is resumed.
package struct Resume: Hashable, Sendable {
    package struct Probation: Hashable, Sendable {
        /// Emails that must be resolved before the probation ends.
        package var sends: Int
        package var condition: Condition
        package var conditionText: String
    }

    /// The cooldown before the resume.
    package var after: Duration
    package var probation: Probation?
    /// At most `times` resumes within `per`; after that, a person must start the campaign.
    package var atMost: Limit?

    package struct Limit: Hashable, Sendable {
        package var times: Int
        package var per: Duration
    }
}
