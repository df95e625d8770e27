import Model
import Yams

/// Reads `confidence:`, which turns the condition's comparison of a ratio into a sequential test.
struct ConfidenceReader {
    /// The range of `within`: fewer emails prove nothing, and no campaign sends more.
    static let withinRange = 100...1_000_000

    let reader: FieldReader

    init(_ reader: FieldReader) {
        self.reader = reader
    }

    /// The condition with its comparison of a ratio replaced by a test; nil, and an error, unless it has exactly one.
    func apply(
        _ confidence: Double, within: Int?, to condition: Condition, _ fields: Fields, _ trigger: Rule.Trigger?
    ) -> Condition? {
        let key = fields.key("confidence")
        guard trigger == .running else {
            reader.error(
                "only a rule on running campaigns can have 'confidence'", help: "remove 'confidence'", at: key)
            return nil
        }
        let parts = condition.conjuncts
        let ratios = parts.indices.filter { ratio(parts[$0]) != nil }
        guard let index = ratios.first else {
            let hasWindow = !condition.windows.isEmpty
            reader.error(
                hasWindow
                    ? "'confidence' counts emails since the rule was armed, so its ratio cannot have a window"
                    : "'confidence' needs a condition that compares a ratio of counters with a limit",
                help: "write when: bounceRate > 5%", at: key)
            return nil
        }
        guard ratios.count == 1 else {
            reader.error(
                "'confidence' supports one ratio, and the condition has \(ratios.count)",
                help: "split the condition into several rules", at: key)
            return nil
        }
        guard case .compare(var comparison) = parts[index], let (hits, trials, limit) = ratio(parts[index]) else {
            return nil
        }
        comparison.test = SequentialTest(
            hits: hits, trials: trials, limit: limit, confidence: confidence, within: within)
        var all = parts
        all[index] = .compare(comparison)
        return all.dropFirst().reduce(all[0]) { .and($0, $1) }
    }

    /// The rule's `within`; an error if the rule has no `confidence`.
    func within(_ fields: Fields) -> Int? {
        guard let node = fields["within"] else { return nil }
        guard fields["confidence"] != nil else {
            reader.error(
                "'within' needs 'confidence'", help: "add confidence: 95%, or remove 'within'", at: fields.key("within")
            )
            return nil
        }
        return reader.integer(node, "within", in: ConfidenceReader.withinRange)
    }

    /// The counters of a ratio that is compared with a limit by `>` or `>=`; nil for any other condition.
    private func ratio(_ condition: Condition) -> (hits: Counter, trials: Counter, limit: Double)? {
        guard case .compare(let comparison) = condition, case .constant(let limit) = comparison.right,
            comparison.comparison == .greater || comparison.comparison == .greaterOrEqual, limit > 0, limit < 1
        else { return nil }
        switch comparison.left {
        case .gauge(.rate(let rate)):
            let isPart = ConfidenceReader.wholes[rate.hits]?.contains(rate.trials) == true
            return isPart ? (rate.hits, rate.trials, limit) : nil
        case .arithmetic(.divide, .gauge(.counter(let hits)), .gauge(.counter(let trials))):
            return ConfidenceReader.wholes[hits]?.contains(trials) == true ? (hits, trials, limit) : nil
        case .constant, .gauge, .call, .negate, .arithmetic: return nil
        }
    }

    /// For each counter, the counters that include it.
    private static let wholes: [Counter: Set<Counter>] = [
        .bounced: [.resolved, .sent, .totalEnrolled], .delivered: [.resolved, .sent, .totalEnrolled],
        .replied: [.delivered, .resolved, .sent, .totalEnrolled], .resolved: [.sent, .totalEnrolled],
        .sent: [.totalEnrolled], .hardBounced: [.bounced, .resolved, .sent, .totalEnrolled],
        .softBounced: [.bounced, .resolved, .sent, .totalEnrolled],
        .complained: [.delivered, .resolved, .sent, .totalEnrolled],
        .unsubscribed: [.delivered, .resolved, .sent, .totalEnrolled], .deferred: [.sent, .totalEnrolled],
    ]
}
