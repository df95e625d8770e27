import Model
import Yams

/// Reads a rule that compares one value with a limit for each tier, such as `warn: 2%` and `pause: 5%`.
///
/// Each tier becomes a rule of its own. The strongest one has the rule's name, and the warning has `NAME/warn`.
struct TierReader {
    /// The action above a limit, strongest first.
    enum Tier: String, CaseIterable {
        case pause, hold, warn

        var action: Rule.Action {
            switch self {
            case .pause: .pause
            case .hold: .hold
            case .warn: .alert
            }
        }

        var severity: Rule.Severity {
            switch self {
            case .pause: .critical
            case .hold, .warn: .warning
            }
        }
    }

    /// The condition and the action of one rule.
    struct Part {
        var suffix = ""
        var condition: Condition
        var text: String
        var action: Rule.Action
        var severity: Rule.Severity
    }

    static let keys = ["value"] + Tier.allCases.map(\.rawValue)

    let reader: FieldReader

    init(_ reader: FieldReader) {
        self.reader = reader
    }

    /// True if the rule has tiers, even if some of their keys are missing.
    static func isUsed(_ fields: Fields) -> Bool { keys.contains { fields[$0] != nil } }

    /// The rule's tiers, strongest first; empty, and an error, if they are not valid.
    func parts(_ fields: Fields, _ trigger: Rule.Trigger?) -> [Part] {
        for key in ["then", "severity"] where fields[key] != nil {
            reader.error(
                "a rule with tiers cannot have '\(key)'", help: "remove '\(key)': each tier has its own",
                at: fields.key(key))
        }
        let tiers = Tier.allCases.filter { fields[$0.rawValue] != nil }
        guard let value = fields["value"] else {
            let key = tiers.first?.rawValue ?? "warn"
            reader.error(
                "'\(key)' needs 'value'", help: "write value: bounceRate(24h), or the whole condition under 'when'",
                at: fields.key(key))
            return []
        }
        guard !tiers.isEmpty else {
            reader.error(
                "'value' needs a limit", help: "write warn: 2% and pause: 5%, or the whole condition under 'when'",
                at: fields.key("value"))
            return []
        }
        guard isValue(value, "value"), isWhole(fields["when"], trigger) else { return [] }
        let parts = tiers.compactMap { part($0, value, fields, trigger) }
        guard parts.count == tiers.count else { return [] }
        if let strong = parts.first, let weak = parts.last, parts.count > 1 { compare(strong, weak, tiers, fields) }
        return parts.enumerated().map { index, part in
            var part = part
            part.suffix = index == 0 ? "" : "/" + tiers[index].rawValue
            return part
        }
    }

    private func part(_ tier: Tier, _ value: Node, _ fields: Fields, _ trigger: Rule.Trigger?) -> Part? {
        guard let limit = fields[tier.rawValue], allows(tier, trigger, at: fields.key(tier.rawValue)),
            let text = reader.text(limit, "the limit of '\(tier.rawValue)'")
        else { return nil }
        var source = ConditionSource()
        source.append(value)
        let operand = text.drop { $0.isWhitespace || "<>=!".contains($0) }
        guard let tree = try? ExpressionParser.parse(String(operand)), tree.isValue else {
            reader.error(
                "the limit of '\(tier.rawValue)' is not one value", help: "for example 5%, or \"< 50\" in quotes",
                at: limit)
            return nil
        }
        let isCompared = text.drop { $0.isWhitespace }.first.map { "<>=!".contains($0) } ?? false
        source.append(isCompared ? " " : " > ")
        source.append(limit)
        if let when = fields["when"] {
            guard reader.text(when, "the condition") != nil else { return nil }
            source.append(" and (")
            source.append(when)
            source.append(")")
        }
        return reader.condition(
            source, "the condition of '\(tier.rawValue)'", scope: (trigger ?? .running).scope, at: limit
        ).map {
            Part(condition: $0, text: source.text.collapsingWhitespace, action: tier.action, severity: tier.severity)
        }
    }

    /// True if the node is a value without a comparison; otherwise an error.
    private func isValue(_ node: Node, _ key: String) -> Bool {
        guard let text = reader.text(node, "'\(key)'") else { return false }
        guard let tree = try? ExpressionParser.parse(text) else {
            // Reports where it cannot be read.
            _ = reader.condition(node, "'\(key)'", scope: .campaign)
            return false
        }
        if tree.isValue { return true }
        reader.error(
            "'\(key)' is a condition, not a value",
            help: "write only the value, such as bounceRate(24h): each tier has its own limit", at: node)
        return false
    }

    /// True if the condition can be read by itself, so that it can be joined to others; otherwise an error.
    private func isWhole(_ when: Node?, _ trigger: Rule.Trigger?) -> Bool {
        guard let text = when?.scalar?.string, (try? ExpressionParser.parse(text)) == nil, let when else { return true }
        _ = reader.condition(when, "the condition", scope: (trigger ?? .running).scope)
        return false
    }

    private func allows(_ tier: Tier, _ trigger: Rule.Trigger?, at node: Node) -> Bool {
        switch (tier, trigger) {
        case (.warn, _), (.pause, .running), (.pause, .group), (.hold, .launch), (_, nil): return true
        case (.pause, .launch):
            reader.error(
                "a rule on launches cannot pause: the campaign has not started", help: "write hold instead", at: node)
        case (.hold, .running), (.hold, .group):
            reader.error("only a rule on launches can hold", help: "write pause, or add on: launch", at: node)
        case (.pause, .pool), (.hold, .pool):
            reader.error(
                "the only tier of a rule on pools is 'warn'", help: "use pool.* in a rule on campaigns", at: node)
        }
        return false
    }

    /// Reports an error unless the limit of the warning is reached first.
    private func compare(_ strong: Part, _ weak: Part, _ tiers: [Tier], _ fields: Fields) {
        guard case .compare(let high)? = strong.condition.conjuncts.first, case .constant(let upper) = high.right,
            case .compare(let low)? = weak.condition.conjuncts.first, case .constant(let lower) = low.right,
            let (first, last) = tiers.first.flatMap({ first in tiers.last.map { (first.rawValue, $0.rawValue) } })
        else { return }
        let (isRising, isLowRising) = (high.comparison.isRising, low.comparison.isRising)
        guard isRising == isLowRising else {
            return reader.error(
                "the limits of '\(last)' and '\(first)' are in opposite directions: "
                    + "\(low.comparison.rawValue) and \(high.comparison.rawValue)",
                help: "use one direction: \(sample(isLowRising, low, high, last, first))", at: fields.key(last))
        }
        if isRising ? lower < upper : lower > upper { return }
        reader.error(
            "the limit of '\(last)' must be reached before that of '\(first)'",
            help: "give '\(last)' the \(isRising ? "lower" : "higher") limit", at: fields.key(last))
    }

    /// Both limits in the direction of the weaker tier, the one that is reached first at the weaker tier.
    private func sample(
        _ isRising: Bool, _ low: NumberComparison, _ high: NumberComparison, _ last: String, _ first: String
    ) -> String {
        func value(_ comparison: NumberComparison) -> Double {
            if case .constant(let value) = comparison.right { value } else { 0 }
        }
        let limits = [low, high].sorted { isRising ? value($0) < value($1) : value($0) > value($1) }
        func text(_ comparison: NumberComparison) -> String {
            isRising ? comparison.rightText : "\"< \(comparison.rightText)\""
        }
        return "\(last): \(text(limits[0])) and \(first): \(text(limits[1]))"
    }
}
