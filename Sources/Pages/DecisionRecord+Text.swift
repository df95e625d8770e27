package import Ledger
import Model

/// Decisions as text, shared by the screens that show them.
extension DecisionRecord {
    /// Why the decision was made, as a clause.
    package var reason: String {
        let rule = rule.map { "rule \($0)" }
        // The names that ledgers store.
        switch cause {
        case "rule": return "\(rule ?? "a rule") fired"
        case "relapse": return "it breached its probation" + (rule.map { ", \($0)" } ?? "")
        case "cool-down over": return "its cooldown was over" + (rule.map { ", \($0)" } ?? "")
        case "launch rules pass": return "every launch rule allowed it"
        case "unapproved launch": return "it started while its launch was held"
        default: return [cause, rule].compactMap { $0 }.joined(separator: ", ")
        }
    }

    /// The campaign, pool or sender of the decision.
    package var subject: String {
        campaign?.text ?? [pool.map { "pool \($0)" }, sender].compactMap { $0 }.joined(separator: ", ")
    }
}
