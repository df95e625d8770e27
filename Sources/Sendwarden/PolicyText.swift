import Model
import Policy
import Reporting

/// Parts of a policy as sentences.
enum PolicyText {
    private static let namesMax = 5

    /// `camp_1, camp_2 and 8 more`.
    static func names(_ names: [String]) -> String {
        if names.isEmpty { return "no campaign at present" }
        let rest = names.count - namesMax
        return names.prefix(namesMax).joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
    }

    /// One sentence for each override of a rule: where it applies, and the rule that results.
    static func overrides(_ policy: CheckedPolicy) -> [String] {
        policy.rules.flatMap { rule in
            rule.overrides.map { override in
                let campaigns = names(policy.campaigns(of: override, of: rule).map(\.id.text))
                return "rule \(rule.name) is overridden for \(campaigns): \(text(override.rule))"
            }
        }
    }

    private static func text(_ rule: Rule) -> String {
        let mode = rule.mode == .enforce ? "" : ", \(rule.mode.rawValue) mode"
        return "when \(rule.conditionText)\(Phrase.lasting(rule)), then \(rule.action.rawValue), "
            + "\(rule.severity.rawValue)\(mode)"
    }
}
