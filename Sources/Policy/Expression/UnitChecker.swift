import Model

/// Turns a syntax tree into a condition: resolves every name, checks every unit, and collects all errors.
struct UnitChecker {
    /// The names that a rule may use, by what it is evaluated for.
    enum Scope: Hashable, Sendable {
        /// A campaign, its pool and the accounts.
        case campaign
        /// Only a pool and the accounts.
        case pool
        /// Sums over a group of campaigns.
        case group

        /// What rules of the scope apply to, for messages.
        var noun: String {
            switch self {
            case .campaign: "campaigns"
            case .pool: "pools"
            case .group: "groups"
            }
        }

        /// What to write instead of a name that rules of the scope cannot use.
        var help: String {
            switch self {
            case .campaign: "use it in a rule on pools"
            case .pool: "use pool.* and accounts.*, or write the rule for running campaigns"
            case .group: "use counters and their rates, or write the rule for running campaigns"
            }
        }

        /// True if rules of the scope can read the number.
        func allows(_ gauge: Gauge) -> Bool {
            switch (self, gauge) {
            case (.campaign, _): true
            case (.pool, _): gauge.source != .stats
            // The platform's own rates cannot be summed.
            case (.group, .counter), (.group, .rate), (.group, .platform(.queued)): true
            case (.group, .platform), (.group, .pool), (.group, .accounts): false
            }
        }
    }

    /// A formula and the unit of its value.
    struct Typed {
        var formula: Formula
        var unit: Unit
    }

    /// The longest window; samples are retained for this long.
    static let windowMax: Duration = .seconds(90 * 86400)

    /// How many times its own length a window can reach back; so limited, it spans a few of its stored samples.
    static let reachMax = 240

    private let scalars: [Unicode.Scalar]
    let scope: Scope
    private var errors: [ExpressionError] = []

    private init(text: String, scope: Scope) {
        scalars = Array(text.unicodeScalars)
        self.scope = scope
    }

    /// The checked condition, or nil and at least one error.
    static func check(_ text: String, scope: Scope) -> (condition: Condition?, errors: [ExpressionError]) {
        do throws(ExpressionError) {
            let tree = try ExpressionParser.parse(text)
            var checker = UnitChecker(text: text, scope: scope)
            let condition = checker.condition(tree)
            return checker.errors.isEmpty ? (condition, []) : (nil, checker.errors)
        } catch {
            return (nil, [error])
        }
    }

    mutating func refuse<Result>(_ message: String, help: String? = nil, at span: Span) -> Result? {
        errors.append(ExpressionError(message, help: help, at: span))
        return nil
    }

    /// The part of the expression that the tree was read from.
    func source(_ tree: SyntaxTree) -> String {
        String(String.UnicodeScalarView(scalars[tree.span.start..<min(tree.span.end, scalars.count)]))
    }

    // MARK: Conditions

    private mutating func condition(_ tree: SyntaxTree) -> Condition? {
        switch tree {
        case .and(let left, let right):
            let conditions = (condition(left), condition(right))
            guard let first = conditions.0, let second = conditions.1 else { return nil }
            return .and(first, second)
        case .or(let left, let right):
            let conditions = (condition(left), condition(right))
            guard let first = conditions.0, let second = conditions.1 else { return nil }
            return .or(first, second)
        case .not(let inner, _):
            return condition(inner).map { .not($0) }
        case .compare(let comparison, let left, let right, let span):
            return self.comparison(comparison, left, right, span)
        case .number, .percent, .duration, .negate, .arithmetic, .name, .text, .call:
            if case .call(let name, _, _, _) = tree, let function = Registry.function(name),
                let example = function.textExample
            {
                let noun = name.split(separator: ".").last ?? ""
                return refuse(
                    "a \(noun) is text, not a condition", help: "compare it: \(example)", at: tree.span)
            }
            guard let typed = formula(tree) else { return nil }
            return refuse(
                "'\(source(tree))' is \(typed.unit.description), not a condition",
                help: "compare it with a value: \(source(tree)) > \(typed.unit.example)", at: tree.span)
        }
    }

    private mutating func comparison(
        _ comparison: Comparison, _ left: SyntaxTree, _ right: SyntaxTree, _ span: Span
    ) -> Condition? {
        if left.isText || right.isText { return textComparison(comparison, left, right, span) }
        let sides = (formula(left), formula(right))
        guard let first = sides.0, let second = sides.1 else { return nil }
        guard let unit = UnitChecker.common(first, second) else {
            return refuse(
                "cannot compare \(first.unit.description) with \(second.unit.description)",
                help: suggestion(comparison, left, first, right, second), at: span)
        }
        return .compare(
            NumberComparison(
                left: first.formula, comparison: comparison, right: second.formula, unit: unit,
                leftText: source(left), rightText: source(right)))
    }

    private mutating func textComparison(
        _ comparison: Comparison, _ left: SyntaxTree, _ right: SyntaxTree, _ span: Span
    ) -> Condition? {
        let terms = (textTerm(left), textTerm(right))
        guard let first = terms.0, let second = terms.1 else { return nil }
        switch comparison {
        case .equal: return .compareText(first, isEqual: true, second)
        case .notEqual: return .compareText(first, isEqual: false, second)
        case .less, .lessOrEqual, .greater, .greaterOrEqual:
            return refuse(
                "texts cannot be compared with '\(comparison.rawValue)'", help: "write '==' or '!='", at: span)
        }
    }

    private mutating func textTerm(_ tree: SyntaxTree) -> TextTerm? {
        switch tree {
        case .text(let text, _): return .literal(text)
        case .call(let name, let trees, let nameSpan, let span):
            guard let function = Registry.function(name), case .text(let term) = function.result else {
                return refuseText(tree)
            }
            guard case .text(let text) = arguments(of: function, trees, nameSpan, span)?.first else { return nil }
            return term(text)
        case .number, .percent, .duration, .name, .negate, .arithmetic, .compare, .not, .and, .or:
            return refuseText(tree)
        }
    }

    private mutating func refuseText(_ tree: SyntaxTree) -> TextTerm? {
        guard let typed = formula(tree) else { return nil }
        return refuse("cannot compare text with \(typed.unit.description)", at: tree.span)
    }

    // MARK: Numbers

    mutating func formula(_ tree: SyntaxTree) -> Typed? {
        switch tree {
        case .number(let value, _): return Typed(formula: .constant(value), unit: .number)
        case .percent(let value, _): return Typed(formula: .constant(value), unit: .ratio)
        case .duration(let value, _): return Typed(formula: .constant(value.seconds), unit: .duration)
        case .name(let name, let span): return self.name(name, span)
        case .call(let name, let arguments, let nameSpan, let span): return call(name, arguments, nameSpan, span)
        case .negate(let inner, _):
            guard let typed = formula(inner) else { return nil }
            if case .constant(let value) = typed.formula {
                return Typed(formula: .constant(-value), unit: typed.unit)
            }
            return Typed(formula: .negate(typed.formula), unit: typed.unit)
        case .arithmetic(let operation, let left, let right, let span):
            let sides = (formula(left), formula(right))
            guard let first = sides.0, let second = sides.1 else { return nil }
            return arithmetic(operation, first, second, span)
        case .text(_, let span): return refuse("expected a number, found text", at: span)
        case .compare, .not, .and, .or:
            return refuse("expected a number, found a condition", at: tree.span)
        }
    }

    private mutating func name(_ name: String, _ span: Span) -> Typed? {
        if let gauge = Registry.gauge(name) {
            if !scope.allows(gauge) {
                let reason = scope == .pool ? ", which belongs to a campaign" : ""
                return refuse("a rule on \(scope.noun) cannot use '\(name)'\(reason)", help: scope.help, at: span)
            }
            return Typed(formula: .gauge(gauge), unit: gauge.unit)
        }
        if let function = Registry.function(name) {
            return refuse("'\(name)' is a function", help: "write \(function.example)", at: span)
        }
        return refuse("unknown name '\(name)'", help: Registry.helpForUnknown(name), at: span)
    }
}
