import Guard
import Model
import Policy

/// The fields of an entry; an unknown value has no field.
struct Fields {
    private(set) var values: [JournalField: String] = [:]

    subscript(field: JournalField) -> String? {
        get { values[field] }
        set { values[field] = newValue }
    }

    init() {}

    init(_ entry: CampaignEntry) {
        self[.campaign] = entry.id.text
        self[.campaignName] = entry.name
        self[.pool] = entry.pool?.text
    }

    init(_ pool: PoolID) { self[.pool] = pool.text }

    /// The campaign and its newest counters.
    init(_ campaign: CampaignSnapshot) {
        self.init(campaign.entry)
        guard let stats = campaign.stats else { return }
        self[.enrolled] = stats.totalEnrolled.map(String.init)
        self[.sent] = stats.sent.map(String.init)
        self[.resolved] = stats.resolved.map(String.init)
        self[.bounced] = stats.bounced.map(String.init)
        self[.queued] = stats.queued.map(String.init)
    }

    init(_ subject: RuleTransition.Subject) {
        switch subject {
        case .campaign(let entry): self.init(entry)
        case .pool(let id): self.init(id)
        case .group(let group): self.init(group)
        }
    }

    init(_ group: GroupLabel) {
        self.init()
        self[.group] = group.text
    }

    init(_ change: SenderChange) {
        self.init(change.sender, in: change.pool)
        self[.rule] = change.rule
        self[.decision] = "\(change.decision)"
        self[.expression] = change.conditionText
    }

    init(_ sender: PoolSender, in pool: PoolID) {
        self[.pool] = pool.text
        self[.sender] = sender.id.text
        self[.address] = sender.address
    }

    mutating func add(_ rule: Rule) {
        self[.rule] = rule.name
        self[.severity] = rule.severity.rawValue
        self[.expression] = rule.conditionText
    }

    /// Adds the deciding comparison's value, threshold and window, and the share of the window that samples cover.
    mutating func add(_ evaluation: Evaluation) {
        if let coverage = evaluation.coverage { self[.coverage] = DecimalText.shortest(coverage, decimals: 3) }
        guard let finding = evaluation.decisive else { return }
        if let left = finding.left { self[.value] = DecimalText.shortest(left, decimals: 6) }
        if let right = finding.right { self[.threshold] = DecimalText.shortest(right, decimals: 6) }
        if let window = finding.comparison.left.window { self[.window] = window.length.policyText }
    }

    /// Adds the decision's number and its rule.
    mutating func add(_ decision: Decision) {
        self[.decision] = "\(decision.id)"
        self[.rule] = decision.cause.rule
    }

    mutating func add(_ pause: Pause) {
        add(pause.decision)
        self[.since] = pause.pausedAt.rfc3339
    }

    /// Adds the platform's id of the pool, and the volume left in it.
    mutating func add(_ reading: PoolReading?) {
        guard let reading else { return }
        self[.pool] = reading.pool.id.text
        self[.available] = reading.available.map(String.init)
    }
}

extension JournalEvent {
    init(_ kind: EventKind, priority: Priority? = nil, _ message: String, _ fields: Fields) {
        self.init(kind, priority: priority, message, fields: fields.values)
    }
}
