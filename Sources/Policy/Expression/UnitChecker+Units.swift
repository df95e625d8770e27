import Model

/// Which units can be combined, and what to write instead if they cannot.
extension UnitChecker {
    mutating func arithmetic(_ operation: Arithmetic, _ left: Typed, _ right: Typed, _ span: Span) -> Typed? {
        if operation == .divide, right.formula == .constant(0) {
            return refuse("division by zero", at: span)
        }
        let unit: Unit? =
            switch operation {
            case .add, .subtract: UnitChecker.common(left, right)
            case .multiply: UnitChecker.product(left.unit, right.unit)
            case .divide: UnitChecker.quotient(left.unit, right.unit)
            }
        guard let unit else {
            let (first, second) = (left.unit.description, right.unit.description)
            let message =
                switch operation {
                case .add: "cannot add \(second) to \(first)"
                case .subtract: "cannot subtract \(second) from \(first)"
                case .multiply: "cannot multiply \(first) by \(second)"
                case .divide: "cannot divide \(first) by \(second)"
                }
            return refuse(message, at: span)
        }
        return Typed(formula: UnitChecker.combined(operation, left, right), unit: unit)
    }

    private static func combined(_ operation: Arithmetic, _ left: Typed, _ right: Typed) -> Formula {
        let scale = scale(operation, left.unit, right.unit)
        if case .constant(let first) = left.formula, case .constant(let second) = right.formula {
            return .constant(operation.apply(first, second) * scale)
        }
        let formula = Formula.arithmetic(operation, left.formula, right.formula)
        return scale == 1 ? formula : .arithmetic(.multiply, formula, .constant(scale))
    }

    /// Durations are in seconds and rates per hour: the factor that corrects their product or quotient.
    private static func scale(_ operation: Arithmetic, _ left: Unit, _ right: Unit) -> Double {
        switch operation {
        case .add, .subtract: 1
        case .multiply:
            (left == .perHour && right == .duration) || (left == .duration && right == .perHour) ? 1 / 3600 : 1
        case .divide: left == .count && (right == .duration || right == .perHour) ? 3600 : 1
        }
    }

    /// The unit in which two numbers can be compared or added; nil if there is none.
    static func common(_ left: Typed, _ right: Typed) -> Unit? {
        if left.unit == right.unit { return left.unit }
        if left.unit == .number { return fits(left.formula, as: right.unit) ? right.unit : nil }
        if right.unit == .number { return fits(right.formula, as: left.unit) ? left.unit : nil }
        return nil
    }

    /// True if a plain number can be a value of the unit: 50 emails, 100 per hour, 0.05 of all.
    private static func fits(_ formula: Formula, as unit: Unit) -> Bool {
        guard case .constant(let value) = formula else { return false }
        switch unit {
        case .number, .perHour: return true
        case .count: return value == 0 || abs(value) >= 1
        case .ratio: return abs(value) < 1
        case .duration: return value == 0
        }
    }

    private static func product(_ left: Unit, _ right: Unit) -> Unit? {
        switch (left, right) {
        case (.number, let other), (let other, .number): other
        case (.ratio, let other), (let other, .ratio): other
        case (.perHour, .duration), (.duration, .perHour): .count
        case (.count, _), (.duration, _), (.perHour, _): nil
        }
    }

    private static func quotient(_ left: Unit, _ right: Unit) -> Unit? {
        switch (left, right) {
        case (let other, .number), (let other, .ratio): other
        case (.count, .count), (.duration, .duration), (.perHour, .perHour): .ratio
        case (.count, .duration): .perHour
        case (.count, .perHour): .duration
        case (.number, _), (.ratio, _), (.count, _), (.duration, _), (.perHour, _): nil
        }
    }

    // MARK: Help

    func suggestion(
        _ comparison: Comparison, _ left: SyntaxTree, _ first: Typed, _ right: SyntaxTree, _ second: Typed
    ) -> String? {
        let (leftText, rightText, sign) = (source(left), source(right), comparison.rawValue)
        func ratioOf(_ text: String) -> String {
            switch text {
            case "bounced": "bounceRate"
            case "replied": "replyRate"
            default: "\(text) / totalEnrolled"
            }
        }
        // A unit can be added to a number that the policy writes, but not to one that is computed.
        switch (first.unit, second.unit) {
        case (.number, let unit) where unit != .number && !left.isLiteral:
            return plain(leftText, sign, right, unit, isLeft: true)
        case (let unit, .number) where unit != .number && !right.isLiteral:
            return plain(rightText, sign, left, unit, isLeft: false)
        case (.count, .ratio): return "did you mean \(ratioOf(leftText)) \(sign) \(rightText)?"
        case (.ratio, .count): return "did you mean \(leftText) \(sign) \(ratioOf(rightText))?"
        case (.count, .number): return "did you mean \(ratioOf(leftText)) \(sign) \(rightText)? Counts are integers"
        case (.number, .count): return "did you mean \(leftText) \(sign) \(ratioOf(rightText))? Counts are integers"
        case (.ratio, .number): return "did you mean \(leftText) \(sign) \(rightText)%?"
        case (.number, .ratio): return "did you mean \(leftText)% \(sign) \(rightText)?"
        case (.duration, .number): return "add a unit to the number: \(leftText) \(sign) \(rightText)m"
        case (.number, .duration): return "add a unit to the number: \(leftText)m \(sign) \(rightText)"
        case (.perHour, .count): return "rate() is per hour: compare it with a plain number"
        case (.number, .number), (.number, .perHour), (.count, .count), (.count, .duration), (.count, .perHour),
            (.ratio, .ratio), (.ratio, .duration), (.ratio, .perHour), (.duration, _), (.perHour, _):
            return nil
        }
    }

    /// What to write instead of a value with a unit beside a computed plain number, such as `hour("UTC") > 8h`.
    private func plain(
        _ number: String, _ sign: String, _ other: SyntaxTree, _ unit: Unit, isLeft: Bool
    ) -> String {
        guard let value = other.plainText else { return "\(number) is a plain number, not \(unit.description)" }
        return
            "\(number) is a plain number: write \(isLeft ? "\(number) \(sign) \(value)" : "\(value) \(sign) \(number)")"
    }
}

extension Unit {
    /// A value of the unit, for help texts.
    var example: String {
        switch self {
        case .number, .count, .perHour: "50"
        case .ratio: "5%"
        case .duration: "10m"
        }
    }
}

extension SyntaxTree {
    /// True for a number that the policy writes.
    fileprivate var isLiteral: Bool {
        switch self {
        case .number, .percent, .duration: true
        case .negate(let inner, _): inner.isLiteral
        case .name, .text, .call, .arithmetic, .compare, .not, .and, .or: false
        }
    }

    /// The number of a literal without its unit, as its writer meant it: `8` for `8h`; nil for anything else.
    fileprivate var plainText: String? {
        switch self {
        case .duration(let duration, _):
            String(duration.policyText.prefix { $0.isNumber })
        case .percent(let value, _): DecimalText.shortest(value * 100, decimals: 2)
        case .number, .negate, .name, .text, .call, .arithmetic, .compare, .not, .and, .or: nil
        }
    }

    /// True for a text literal and for a call of a function that returns a text.
    var isText: Bool {
        switch self {
        case .text: true
        case .call(let name, _, _, _): Registry.function(name)?.isText == true
        case .number, .percent, .duration, .name, .negate, .arithmetic, .compare, .not, .and, .or: false
        }
    }
}
