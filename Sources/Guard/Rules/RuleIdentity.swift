package import Policy

/// Identifies a rule across reloads and restarts.
///
/// A rule whose identity changes starts without evidence. The identity leaves out whatever the evidence does not depend
/// on: severity, comments, the condition's spacing, the selected campaigns, and `resume`.
package struct RuleIdentity: Hashable, Sendable {
    package let name: String
    /// Stored in ledgers.
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
        let within = within.map { " within \($0)" } ?? ""
        let by = grouping.map { " by \($0.text)" } ?? ""
        return RuleIdentity(
            name: name,
            fingerprint: "\(trigger.rawValue) \(action.rawValue) \(mode.rawValue) \(forClause) \(conditionText)"
                + confidence + within + by)
    }
}
