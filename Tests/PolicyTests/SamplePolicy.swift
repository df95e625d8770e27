import Policy

/// Complete policies around a condition.
enum SamplePolicy {
    static func text(when condition: String) -> String {
        """
        version: 1
        workspace: {name: acme, provider: leadterra, credential: acme.key}
        campaigns:
          - {id: camp_1, name: One, pool: pool_a, labels: {team: sales, region: north}}
        rules:
          - name: rule
            when: >-
              \(condition)
            then: alert
        mode: enforce
        """
    }

    static func outcome(when condition: String) -> PolicyLoader.Outcome {
        PolicyLoader.load(SourceFile(name: "policy", text: text(when: condition)))
    }

    /// The rule's condition; nil if the policy is refused.
    static func condition(_ text: String) -> Condition? {
        outcome(when: text).policy?.rules.first?.condition
    }
}
