import Model
import Yams

/// Makes a rule with a `confidence:` sure of its ratio: the comparison is then decided by sequential evidence.
struct ConfidenceReader {
    let reader: FieldReader

    init(_ reader: FieldReader) {
        self.reader = reader
    }

    /// The condition with its one comparison of a ratio made a test; nil, and an error, where it has none.
    func apply(
        _ confidence: Double, to condition: Condition, _ fields: Fields, _ trigger: Rule.Trigger?
    ) -> Condition? {
        let place = fields.key("confidence")
        guard trigger == .running else {
            reader.error(
                "'confidence' has a place only in a rule on running campaigns", help: "remove 'confidence'", at: place)
            return nil
        }
        let parts = condition.conjuncts
        let ratios = parts.indices.filter { ratio(parts[$0]) != nil }
        guard let index = ratios.first else {
            let hasWindow = !condition.windows.isEmpty
            reader.error(
                hasWindow
                    ? "'confidence' counts from when the rule was armed, so its ratio has no window"
                    : "'confidence' needs a condition that compares a ratio of counters with a limit",
                help: "write when: bounceRate > 5%", at: place)
            return nil
        }
        guard ratios.count == 1 else {
            reader.error(
                "'confidence' can be about one ratio, and the condition has \(ratios.count)",
                help: "make them rules of their own", at: place)
            return nil
        }
        guard case .compare(var comparison) = parts[index], let (hits, trials, limit) = ratio(parts[index]) else {
            return nil
        }
        comparison.test = SequentialTest(hits: hits, trials: trials, limit: limit, confidence: confidence)
        var all = parts
        all[index] = .compare(comparison)
        return all.dropFirst().reduce(all[0]) { .and($0, $1) }
    }

    /// Counters of which the first is a part of the second, compared with a limit from above.
    private func ratio(_ condition: Condition) -> (hits: Counter, trials: Counter, limit: Double)? {
        guard case .compare(let comparison) = condition, case .constant(let limit) = comparison.right,
            comparison.comparison == .greater || comparison.comparison == .greaterOrEqual, limit > 0, limit < 1
        else { return nil }
        switch comparison.left {
        case .gauge(.bounceRate): return (.bounced, .resolved, limit)
        case .divide(.gauge(let part), .gauge(let whole)):
            guard let hits = Counter(rawValue: part.rawValue), let trials = Counter(rawValue: whole.rawValue),
                ConfidenceReader.wholes[hits]?.contains(trials) == true
            else { return nil }
            return (hits, trials, limit)
        default: return nil
        }
    }

    /// What each counter is a part of.
    private static let wholes: [Counter: Set<Counter>] = [
        .bounced: [.resolved, .sent, .totalEnrolled], .delivered: [.resolved, .sent, .totalEnrolled],
        .replied: [.delivered, .resolved, .sent, .totalEnrolled], .resolved: [.sent, .totalEnrolled],
        .sent: [.totalEnrolled],
    ]
}
