package import Policy

/// What makes a rule the rule that it was: the same at a reload and at a restart.
///
/// A rule whose identity changes begins without evidence. What the evidence does not depend on is no part of it: the
/// severity, comments, the spacing of the condition, the campaigns that it selects, and what follows a pause.
package struct RuleIdentity: Hashable, Sendable {
    package let name: String
    /// As ledgers store it.
    package let fingerprint: String

    init(name: String, fingerprint: String) {
        self.name = name
        self.fingerprint = RuleIdentity.collapsed(fingerprint)
    }

    private static func collapsed(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}

extension Rule {
    package var identity: RuleIdentity {
        let confidence = confidence.map { " \($0)" } ?? ""
        return RuleIdentity(
            name: name,
            fingerprint: "\(trigger.rawValue) \(action.rawValue) \(mode.rawValue) \(forClause) \(conditionText)"
                + confidence)
    }
}
