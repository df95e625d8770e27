import Guard
import Model
import Policy

/// Builds the entries about pools' members: removed, restored, retained.
extension Report {
    static func entry(_ event: SenderEvent) -> JournalEvent {
        switch event {
        case .changed(let change, let rule, let mode): changed(change, rule, mode)
        case .changeFailed(let change, let failure, let next): changeFailed(change, failure, next)
        case .changeSlow(let change, let lasting): changeSlow(change, lasting)
        case .alreadyRemoved(let change, let doubt): alreadyRemoved(change, doubt)
        case .retained(let sender, let binding, let roster, let rule): retained(sender, binding, roster, rule)
        case .overridden(let removed, let pool, let until): overridden(removed, pool, until)
        }
    }

    private static func changed(_ change: SenderChange, _ rule: Rule?, _ mode: Mode) -> JournalEvent {
        var fields = Fields(change)
        fields[.severity] = rule?.severity.rawValue
        // A dry run makes no change, so it has no decision.
        if mode == .observe { (fields[.mode], fields[.decision]) = (mode.rawValue, nil) }
        let evidence = change.evidence.decisive.map { ": \(Phrase.text($0))" } ?? ""
        let (kind, verb): (EventKind, String) =
            switch (change.action, mode) {
            case (.remove, .enforce): (.senderRemoved, "removed")
            case (.remove, .observe): (.senderRemoved, "would remove")
            case (.restore, .enforce): (.senderRestored, "restored")
            case (.restore, .observe): (.senderRestored, "would restore")
            }
        return JournalEvent(
            kind, "\(verb) \(change.phrase)\(evidence), rule \(change.rule)", fields)
    }

    private static func changeFailed(
        _ change: SenderChange, _ failure: SenderFailure, _ next: SenderFailure.Next
    ) -> JournalEvent {
        let reason = Phrase.text(failure)
        let next =
            switch next {
            case .retry(let wait): "the rule is evaluated again in \(wait.spokenText)"
            case .membersDecide(let rest):
                "the pool's members will show whether it took effect"
                    + (rest.map { "; no rule changes this sender for \($0.spokenText)" } ?? "")
            case .final: "it is not tried again"
            }
        return notChanged(change, "could not \(change.verb) \(change.phrase): \(reason); \(next)", reason)
    }

    private static func changeSlow(_ change: SenderChange, _ lasting: Duration) -> JournalEvent {
        let reason = "its operation has been processing for \(lasting.spokenText)"
        return notChanged(change, "still waiting to \(change.verb) \(change.phrase): \(reason)", reason)
    }

    private static func notChanged(_ change: SenderChange, _ message: String, _ reason: String) -> JournalEvent {
        var fields = Fields(change)
        fields[.reason] = reason
        switch change.action {
        case .remove: return JournalEvent(.senderRemoveFailed, message, fields)
        case .restore: return JournalEvent(.senderRestoreFailed, message, fields)
        }
    }

    private static func alreadyRemoved(_ change: SenderChange, _ doubt: SenderDoubt) -> JournalEvent {
        let reason =
            switch doubt {
            case .unknownThere: "the platform reports that it is not a member"
            case .unconfirmed: "it is gone, but the platform did not confirm the removal"
            }
        var fields = Fields(change)
        fields[.reason] = reason
        return JournalEvent(
            .senderAlreadyRemoved,
            "sender \(Phrase.name(change.sender)) is not in pool \(change.pool): \(reason); someone else may have "
                + "removed it, so no rule restores it", fields)
    }

    private static func retained(
        _ sender: PoolSender, _ binding: PoolBinding, _ roster: PoolRoster, _ rule: Rule
    ) -> JournalEvent {
        var fields = Fields(sender, in: binding.name)
        fields.add(rule)
        return JournalEvent(
            .senderKept,
            "sender \(Phrase.name(sender)) stays in pool \(binding.name) although rule \(rule.name) would remove it: "
                + "\(roster.activeSenders) of \(roster.senders) senders can send, and keep_at_least is "
                + "\(rule.keepAtLeast ?? 1)", fields)
    }

    private static func overridden(_ removed: RemovedSender, _ pool: PoolID, _ until: Instant?) -> JournalEvent {
        var fields = Fields(removed.sender, in: pool)
        fields[.rule] = removed.rule
        fields[.decision] = "\(removed.decision)"
        let next =
            until.map { "no rule removes it again before \($0.toTheSecond)" } ?? "a rule may remove it again"
        return JournalEvent(
            .senderOverride,
            "someone restored sender \(Phrase.name(removed.sender)) to pool \(pool), from which rule \(removed.rule) "
                + "had removed it; \(next)", fields)
    }
}

extension SenderChange {
    fileprivate var verb: String { action.rawValue }

    /// The sender and the pool, to follow the verb: `sender anna@acme.example (sender_1) from pool main`.
    fileprivate var phrase: String {
        let direction =
            switch action {
            case .remove: "from"
            case .restore: "to"
            }
        return "sender \(Phrase.name(sender)) \(direction) pool \(pool)"
    }
}
