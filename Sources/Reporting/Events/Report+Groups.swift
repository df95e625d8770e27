import Guard
import Model
import Policy

/// Builds the entries about rules on groups that lack data.
extension Report {
    static func entry(_ group: GroupLabel, _ rule: Rule, _ event: GroupEvent) -> JournalEvent {
        var fields = Fields(group)
        fields.add(rule)
        if rule.mode == .observe { fields[.mode] = Mode.observe.rawValue }
        switch event {
        case .ruleLacksData(let gap, let lacking, let reason, let lasting):
            fields[.since] = gap.since.rfc3339
            fields[.lacking] = "\(lacking.count)"
            let because = reason.map { ", because \($0)" } ?? ""
            fields[.reason] = Phrase.lackData(lacking) + because
            return JournalEvent(
                .ruleNoData,
                "rule \(rule.name) cannot act on \(Phrase.name(group)): \(Phrase.lackData(lacking))\(because) "
                    + "(for \(lasting.spokenText)); \(Phrase.sumsUnknown(rule))", fields)
        case .ruleHasData(let gap, let duration):
            fields[.since] = gap.since.rfc3339
            return JournalEvent(
                .ruleDataRestored,
                "rule \(rule.name) has data on \(Phrase.name(group)) again after \(duration.spokenText) without",
                fields)
        }
    }
}
