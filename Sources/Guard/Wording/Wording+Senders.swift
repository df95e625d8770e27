import Model
import Policy

/// Sentences about the members of pools.
extension Wording {
    private static func fields(_ change: SenderChange) -> [JournalField: String] {
        var fields: [JournalField: String] = [
            .pool: change.pool.text, .sender: change.sender.id.text, .rule: change.rule,
            .decision: "\(change.decision)", .expression: change.conditionText,
        ]
        fields[.address] = change.sender.address
        return fields
    }

    /// The sender as a person would call it.
    static func name(_ sender: PoolSender) -> String {
        sender.address.map { "\($0) (\(sender.id))" } ?? sender.id.text
    }

    static func senderChanged(_ change: SenderChange, _ rule: Rule?, mode: Mode) -> JournalEvent {
        let isRemoval = change.action == .remove
        let verb =
            mode == .observe
            ? "would \(isRemoval ? "remove" : "restore")" : isRemoval ? "removed" : "restored"
        let place = "\(isRemoval ? "from" : "to") pool \(change.pool)"
        let evidence = decisive(change.evidence).map { ": \(text($0))" } ?? ""
        var fields = fields(change)
        fields[.severity] = rule?.severity.rawValue
        if mode == .observe { (fields[.mode], fields[.decision]) = (mode.rawValue, nil) }
        return JournalEvent(
            isRemoval ? .senderRemoved : .senderRestored,
            "\(verb) sender \(name(change.sender)) \(place)\(evidence), rule \(change.rule)", fields: fields)
    }

    static func senderChangeFailed(
        _ change: SenderChange, _ reason: String, retryIn: Duration? = nil, isUnclear: Bool = false,
        isFinal: Bool = false
    ) -> JournalEvent {
        let isRemoval = change.action == .remove
        let verb = isRemoval ? "removed from" : "restored to"
        let next =
            isUnclear
            ? "; whether it took effect, the next look at the pool tells"
            : isFinal
                ? "; it is not tried again" : retryIn.map { "; judged anew after \($0.spokenText)" } ?? ""
        var fields = fields(change)
        fields[.reason] = reason
        return JournalEvent(
            isRemoval ? .senderRemoveFailed : .senderRestoreFailed,
            "sender \(name(change.sender)) is not \(verb) pool \(change.pool): \(reason)\(next)", fields: fields)
    }

    static func senderChangeSlow(_ change: SenderChange, since: Instant, at now: Instant) -> JournalEvent {
        senderChangeFailed(
            change, "its operation has been processing for \((now - since).spokenText), and is followed further")
    }

    static func senderAlreadyRemoved(_ change: SenderChange, _ reason: String) -> JournalEvent {
        var fields = fields(change)
        fields[.reason] = reason
        return JournalEvent(
            .senderAlreadyRemoved,
            "sender \(name(change.sender)) is not in pool \(change.pool) any more: \(reason); as it may be another's "
                + "doing, no rule puts it back", fields: fields)
    }

    static func senderKept(
        _ sender: PoolSender, _ binding: PoolBinding, _ roster: PoolRoster, _ rule: Rule
    ) -> JournalEvent {
        var fields: [JournalField: String] = [
            .pool: binding.name.text, .sender: sender.id.text, .rule: rule.name, .expression: rule.conditionText,
            .severity: rule.severity.rawValue,
        ]
        fields[.address] = sender.address
        return JournalEvent(
            .senderKept,
            "sender \(name(sender)) stays in pool \(binding.name), though rule \(rule.name) would remove it: "
                + "\(roster.activeSenders) of \(roster.senders) can send, and keep_at_least is \(rule.keepAtLeast ?? 1)",
            fields: fields)
    }

    static func senderOverride(_ removed: SenderState.Removed, _ pool: PoolID, until: Instant?) -> JournalEvent {
        var fields: [JournalField: String] = [
            .pool: pool.text, .sender: removed.sender.id.text, .rule: removed.rule, .decision: "\(removed.decision)",
        ]
        fields[.address] = removed.sender.address
        let next =
            until.map { "respected: no rule removes it before \($0.flooredToSecond.rfc3339)" }
            ?? "a rule may remove it again"
        return JournalEvent(
            .senderOverride,
            "someone put sender \(name(removed.sender)), which rule \(removed.rule) had removed, back into pool \(pool); \(next)",
            fields: fields)
    }

    /// The pool that a name is bound to is not there, or it is open which it is.
    static func unbound(_ binding: PoolBinding, _ finding: PoolFinding) -> JournalEvent {
        let fields: [JournalField: String] = [.pool: binding.name.text]
        if case .ambiguous(let count) = finding {
            return JournalEvent(
                .poolAmbiguous,
                "\(count) pools of workspace \(binding.workspace) are as pool \(binding.name) says, "
                    + "\(binding.target.text); until one is meant, nothing is known of it", fields: fields)
        }
        return JournalEvent(
            .poolMissing,
            "no pool of workspace \(binding.workspace) is as pool \(binding.name) says, \(binding.target.text)",
            fields: fields)
    }
}
