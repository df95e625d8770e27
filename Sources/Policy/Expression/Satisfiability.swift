/// Detects conditions that no data can make true, and conditions that are true for all known data.
///
/// It is sound but not complete: it reports nothing unless it is certain.
enum Satisfiability {
    /// The most alternatives that a condition is expanded into before the search gives up.
    private static let alternativesMax = 256

    static func isNeverTrue(_ condition: Condition) -> Bool {
        guard let alternatives = alternatives(condition, negated: false) else { return false }
        return !alternatives.contains { isPossible($0) }
    }

    static func isAlwaysTrue(_ condition: Condition) -> Bool {
        guard let alternatives = alternatives(condition, negated: true) else { return false }
        return !alternatives.contains { isPossible($0) }
    }

    private enum Atom {
        case number(Formula, Comparison, Formula)
        case text(TextTerm, isEqual: Bool, TextTerm)
    }

    /// The condition in disjunctive normal form; nil if it has too many alternatives.
    private static func alternatives(_ condition: Condition, negated: Bool) -> [[Atom]]? {
        switch condition {
        case .compare(let comparison):
            let sign = negated ? comparison.comparison.negated : comparison.comparison
            return [[.number(comparison.left, sign, comparison.right)]]
        case .compareText(let left, let isEqual, let right):
            return [[.text(left, isEqual: isEqual != negated, right)]]
        case .not(let inner): return alternatives(inner, negated: !negated)
        case .and(let left, let right):
            return negated ? either(left, right, negated) : both(left, right, negated)
        case .or(let left, let right):
            return negated ? both(left, right, negated) : either(left, right, negated)
        }
    }

    private static func either(_ left: Condition, _ right: Condition, _ negated: Bool) -> [[Atom]]? {
        guard let first = alternatives(left, negated: negated), let second = alternatives(right, negated: negated)
        else { return nil }
        return first.count + second.count <= alternativesMax ? first + second : nil
    }

    private static func both(_ left: Condition, _ right: Condition, _ negated: Bool) -> [[Atom]]? {
        guard let first = alternatives(left, negated: negated), let second = alternatives(right, negated: negated),
            first.count * second.count <= alternativesMax
        else { return nil }
        return first.flatMap { head in second.map { head + $0 } }
    }

    private static func isPossible(_ atoms: [Atom]) -> Bool {
        var ranges: [Formula: Range] = [:]
        var texts: [TextTerm: TextValues] = [:]
        for atom in atoms {
            switch atom {
            case .number(let left, let comparison, let right):
                if left == right, !comparison.holds(0, 0) { return false }
                let (first, second) = (Range(of: left), Range(of: right))
                guard first.canHold(comparison, second) else { return false }
                if let constant = second.single {
                    ranges[left, default: first].narrow(comparison, constant)
                    if ranges[left]?.isEmpty == true { return false }
                } else if let constant = first.single {
                    ranges[right, default: second].narrow(comparison.mirrored, constant)
                    if ranges[right]?.isEmpty == true { return false }
                }
            case .text(.literal(let left), let isEqual, .literal(let right)):
                if (left == right) != isEqual { return false }
            case .text(let term, let isEqual, .literal(let text)), .text(.literal(let text), let isEqual, let term):
                guard texts[term, default: TextValues()].allow(text, isEqual) else { return false }
            case .text(let left, let isEqual, let right):
                if left == right, !isEqual { return false }
            }
        }
        return true
    }

    private struct TextValues {
        var required: String?
        var excluded: Set<String> = []

        /// False if no value of the text is left.
        mutating func allow(_ text: String, _ isEqual: Bool) -> Bool {
            if isEqual {
                if let required, required != text { return false }
                required = text
            } else {
                excluded.insert(text)
            }
            return required.map { !excluded.contains($0) } ?? true
        }
    }

    /// The possible values of a number.
    private struct Range {
        var low: Double
        var high: Double
        var excludesLow = false
        var excludesHigh = false
        var excluded: Set<Double> = []

        init(_ low: Double, _ high: Double) {
            (self.low, self.high) = (low, high)
        }

        /// By the API's documentation: counts are not negative, and rates are within 0…1.
        init(of formula: Formula) {
            switch formula {
            case .constant(let value): self.init(value, value)
            case .gauge(let gauge): self.init(gauge.entry.range)
            case .call(let call):
                if let range = call.function.range {
                    self.init(range)
                } else if let first = call.firstNumber {
                    self.init(of: first.formula)
                } else {
                    self.init(-.infinity, .infinity)
                }
            case .negate(let inner):
                let range = Range(of: inner)
                self.init(-range.high, -range.low)
            case .arithmetic(let operation, let left, let right):
                self.init(operation, Range(of: left), Range(of: right))
            }
        }

        private init(_ range: ClosedRange<Double>) { self.init(range.lowerBound, range.upperBound) }

        private init(_ operation: Arithmetic, _ first: Range, _ second: Range) {
            switch operation {
            case .add: self.init(first.low + second.low, first.high + second.high)
            case .subtract: self.init(first.low - second.high, first.high - second.low)
            case .multiply:
                let products = [
                    first.low * second.low, first.low * second.high, first.high * second.low, first.high * second.high,
                ].map { $0.isNaN ? 0 : $0 }
                self.init(products.min() ?? -.infinity, products.max() ?? .infinity)
            case .divide:
                let isPositive = first.low >= 0 && second.low >= 0
                self.init(isPositive ? 0 : -.infinity, .infinity)
            }
        }

        /// The value, if only one is possible.
        var single: Double? { low == high ? low : nil }

        var isEmpty: Bool {
            if low > high { return true }
            return low == high && (excludesLow || excludesHigh || excluded.contains(low))
        }

        /// True if the comparison holds for some value of each side.
        func canHold(_ comparison: Comparison, _ other: Range) -> Bool {
            switch comparison {
            case .less: low < other.high
            case .lessOrEqual: low <= other.high
            case .greater: high > other.low
            case .greaterOrEqual: high >= other.low
            case .equal: low <= other.high && high >= other.low
            case .notEqual: single == nil || other.single == nil || low != other.low
            }
        }

        mutating func narrow(_ comparison: Comparison, _ value: Double) {
            switch comparison {
            case .less: cutHigh(value, excluded: true)
            case .lessOrEqual: cutHigh(value, excluded: false)
            case .greater: cutLow(value, excluded: true)
            case .greaterOrEqual: cutLow(value, excluded: false)
            case .equal:
                cutLow(value, excluded: false)
                cutHigh(value, excluded: false)
            case .notEqual: excluded.insert(value)
            }
        }

        private mutating func cutHigh(_ value: Double, excluded: Bool) {
            if value < high || (value == high && excluded) { (high, excludesHigh) = (value, excluded) }
        }

        private mutating func cutLow(_ value: Double, excluded: Bool) {
            if value > low || (value == low && excluded) { (low, excludesLow) = (value, excluded) }
        }
    }
}
