import Model

/// Turns a tree into a condition: finds every name, checks every unit, and collects all that is wrong.
struct UnitChecker {
    /// What a rule is judged on decides which names it may use.
    enum Scope {
        /// A campaign, its pool and the accounts.
        case campaign
        /// A pool and the accounts alone.
        case pool
    }

    /// The longest window: samples are kept that long.
    static let windowMax: Duration = .seconds(90 * 86400)

    private let scalars: [Unicode.Scalar]
    private let scope: Scope
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
        case .compare(let operation, let left, let right, let span):
            return comparison(operation, left, right, span)
        case .number, .percent, .duration, .negate, .arithmetic, .name, .text, .call:
            if case .call(let name, _, _, _) = tree, let what = UnitChecker.textFunctions[name] {
                return refuse(
                    "a \(what.noun) is a text, not a condition",
                    help: "compare it: \(what.example) == \"\(what.value)\"",
                    at: tree.span)
            }
            guard let typed = formula(tree) else { return nil }
            return refuse(
                "'\(source(tree))' is \(typed.unit.description), not a condition",
                help: "compare it with something: \(source(tree)) > \(example(typed.unit))", at: tree.span)
        }
    }

    private mutating func comparison(
        _ operation: Token.Operator, _ left: SyntaxTree, _ right: SyntaxTree, _ span: Span
    ) -> Condition? {
        if isText(left) || isText(right) { return textComparison(operation, left, right, span) }
        let sides = (formula(left), formula(right))
        guard let first = sides.0, let second = sides.1 else { return nil }
        guard let comparison = operation.comparison else { return nil }
        guard let unit = common(first, second) else {
            return refuse(
                "\(first.unit.description) cannot be compared with \(second.unit.description)",
                help: suggestion(operation, left, first, right, second), at: span)
        }
        return .compare(
            NumberComparison(
                left: first.formula, comparison: comparison, right: second.formula, unit: unit,
                leftText: source(left), rightText: source(right)))
    }

    private mutating func textComparison(
        _ operation: Token.Operator, _ left: SyntaxTree, _ right: SyntaxTree, _ span: Span
    ) -> Condition? {
        let terms = (textTerm(left), textTerm(right))
        guard let first = terms.0, let second = terms.1 else { return nil }
        switch operation {
        case .equal: return .compareText(first, isEqual: true, second)
        case .notEqual: return .compareText(first, isEqual: false, second)
        case .plus, .minus, .times, .divide, .less, .lessOrEqual, .greater, .greaterOrEqual:
            return refuse(
                "texts have no order, so '\(operation.rawValue)' cannot compare them", help: "write '==' or '!='",
                at: span)
        }
    }

    private mutating func textTerm(_ tree: SyntaxTree) -> TextTerm? {
        switch tree {
        case .text(let text, _): return .literal(text)
        case .call("campaign.label", let arguments, _, let span):
            if scope == .pool {
                return refuse("'campaign.label' means nothing in a rule on pools", at: span)
            }
            return textArgument(of: "campaign.label", arguments, span).map { .label($0) }
        case .call("pool.tag", let arguments, _, let span):
            return textArgument(of: "pool.tag", arguments, span).map { .poolTag($0) }
        default:
            guard let typed = formula(tree) else { return nil }
            return refuse("a text cannot be compared with \(typed.unit.description)", at: tree.span)
        }
    }

    /// Functions whose value is a text, and how each is used.
    private static let textFunctions: [String: (noun: String, example: String, value: String)] = [
        "campaign.label": ("label", "campaign.label(\"team\")", "sales"),
        "pool.tag": ("tag", "pool.tag(\"environment\")", "production"),
    ]

    private mutating func textArgument(of function: String, _ arguments: [SyntaxTree], _ span: Span) -> String? {
        guard arguments.count == 1, case .text(let name, _) = arguments[0] else {
            return refuse(
                "\(function) takes one text", help: UnitChecker.textFunctions[function].map { "write \($0.example)" },
                at: span)
        }
        return name
    }

    // MARK: Numbers

    private struct Typed {
        var formula: Formula
        var unit: Unit
    }

    private mutating func formula(_ tree: SyntaxTree) -> Typed? {
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
        case .text(_, let span): return refuse("a text stands where a number is expected", at: span)
        case .compare, .not, .and, .or:
            return refuse("a condition stands where a number is expected", at: tree.span)
        }
    }

    private mutating func name(_ name: String, _ span: Span) -> Typed? {
        if let gauge = Gauge(rawValue: name) {
            if scope == .pool, gauge.source == .stats {
                return refuse(
                    "'\(name)' belongs to a campaign and means nothing in a rule on pools",
                    help: "use pool.* and accounts.*, or put the rule on running campaigns", at: span)
            }
            return Typed(formula: .gauge(gauge), unit: gauge.unit)
        }
        let functions = ["increase": "increase(bounced, 24h)", "rate": "rate(sent, 1h)", "age": "age(stats)"]
        if let form = functions[name] { return refuse("'\(name)' is a function", help: "write \(form)", at: span) }
        return refuse("unknown name '\(name)'", help: helpForUnknown(name), at: span)
    }

    private mutating func call(
        _ name: String, _ arguments: [SyntaxTree], _ nameSpan: Span, _ span: Span
    ) -> Typed? {
        switch name {
        case "increase", "rate":
            guard arguments.count == 2 else {
                return refuse(
                    "\(name) takes a counter and a window", help: "for instance \(name)(bounced, 24h)", at: span)
            }
            let parts = (counter(arguments[0], of: name), window(arguments[1]))
            guard let counter = parts.0, let window = parts.1 else { return nil }
            return name == "rate"
                ? Typed(formula: .rate(counter, window), unit: .perHour)
                : Typed(formula: .increase(counter, window), unit: .count)
        case "bounceRate":
            guard arguments.count == 1 else {
                return refuse("bounceRate takes one window", help: "for instance bounceRate(24h)", at: span)
            }
            if scope == .pool { return self.name(name, nameSpan) }
            guard let window = window(arguments[0]) else { return nil }
            return Typed(formula: .bounceRate(window), unit: .ratio)
        case "wilson_lower", "wilson_upper":
            return wilson(name == "wilson_lower" ? .lower : .upper, arguments, span)
        case "age":
            guard arguments.count == 1, case .name(let text, _) = arguments[0], let source = Source(rawValue: text)
            else {
                return refuse(
                    "age takes stats, pools or accounts", help: "for instance age(stats) > 10m", at: span)
            }
            if scope == .pool, source == .stats {
                return refuse("'age(stats)' means nothing in a rule on pools", help: "write age(pools)", at: span)
            }
            return Typed(formula: .age(source), unit: .duration)
        case "replyRate":
            return refuse(
                "replyRate takes no window", help: "write increase(replied, 24h) / increase(delivered, 24h)", at: span)
        default:
            if Gauge(rawValue: name) != nil {
                let isCounter = Counter(rawValue: name) != nil
                return refuse(
                    "'\(name)' is no function", help: isCounter ? "write increase(\(name), 24h)" : nil, at: nameSpan)
            }
            return refuse("unknown function '\(name)'", help: helpForUnknown(name), at: nameSpan)
        }
    }

    private mutating func wilson(_ end: WilsonEnd, _ arguments: [SyntaxTree], _ span: Span) -> Typed? {
        let form = "for instance \(end.rawValue)(bounced, resolved, 95%)"
        guard arguments.count == 3 else {
            return refuse("\(end.rawValue) takes two counts and a confidence", help: form, at: span)
        }
        let counts = (formula(arguments[0]), formula(arguments[1]))
        guard let hits = counts.0, let trials = counts.1 else { return nil }
        for (part, tree) in [(hits, arguments[0]), (trials, arguments[1])] where part.unit != .count {
            return refuse(
                "\(end.rawValue) takes counts, and this is \(part.unit.description)", help: form, at: tree.span)
        }
        guard let confidence = formula(arguments[2]), case .constant(let value) = confidence.formula,
            (0.5..<1).contains(value)
        else {
            return refuse("a confidence lies between 50% and below 100%", help: form, at: arguments[2].span)
        }
        return Typed(formula: .wilson(end, hits.formula, trials.formula, confidence: value), unit: .ratio)
    }

    private mutating func counter(_ tree: SyntaxTree, of function: String) -> Counter? {
        let known = Counter.allCases.map(\.rawValue)
        guard case .name(let name, let span) = tree else {
            return refuse("\(function) takes the name of a counter first", help: list(known), at: tree.span)
        }
        if scope == .pool {
            return refuse("'\(name)' belongs to a campaign and means nothing in a rule on pools", at: span)
        }
        if let counter = Counter(rawValue: name) { return counter }
        if Gauge(rawValue: name) != nil {
            return refuse(
                "'\(name)' goes up and down, so it has no \(function)", help: list(known), at: span)
        }
        let nearest = NearestName.of(name, in: known)
        return refuse(
            "unknown counter '\(name)'", help: nearest.map { "did you mean '\($0)'?" } ?? list(known), at: span)
    }

    private mutating func window(_ tree: SyntaxTree) -> Duration? {
        guard case .duration(let window, let span) = tree else {
            return refuse("a window is a duration", help: "for instance 24h", at: tree.span)
        }
        guard window > .zero else { return refuse("a window of no length holds nothing", at: span) }
        guard window <= UnitChecker.windowMax else {
            return refuse("a window reaches back at most \(UnitChecker.windowMax.policyText)", at: span)
        }
        return window
    }

    private mutating func arithmetic(
        _ operation: Token.Operator, _ left: Typed, _ right: Typed, _ span: Span
    ) -> Typed? {
        if operation == .divide, right.formula == .constant(0) {
            return refuse("this divides by zero", at: span)
        }
        let unit: Unit? =
            switch operation {
            case .plus, .minus: common(left, right)
            case .times: UnitChecker.product(left.unit, right.unit)
            case .divide: UnitChecker.quotient(left.unit, right.unit)
            case .less, .lessOrEqual, .greater, .greaterOrEqual, .equal, .notEqual: nil
            }
        guard let unit else {
            let verb: String =
                switch operation {
                case .plus: "added to"
                case .minus: "subtracted from"
                case .times: "multiplied by"
                default: "divided by"
                }
            let (first, second) = operation == .plus || operation == .minus ? (right, left) : (left, right)
            return refuse("\(first.unit.description) cannot be \(verb) \(second.unit.description)", at: span)
        }
        return Typed(formula: UnitChecker.combined(operation, left, right, unit), unit: unit)
    }

    private static func combined(_ operation: Token.Operator, _ left: Typed, _ right: Typed, _ unit: Unit) -> Formula {
        if case .constant(let first) = left.formula, case .constant(let second) = right.formula {
            return .constant(fold(operation, first, second) * scale(operation, left.unit, right.unit))
        }
        let formula: Formula =
            switch operation {
            case .plus: .add(left.formula, right.formula)
            case .minus: .subtract(left.formula, right.formula)
            case .times: .multiply(left.formula, right.formula)
            default: .divide(left.formula, right.formula)
            }
        let scale = scale(operation, left.unit, right.unit)
        return scale == 1 ? formula : .multiply(formula, .constant(scale))
    }

    private static func fold(_ operation: Token.Operator, _ left: Double, _ right: Double) -> Double {
        switch operation {
        case .plus: left + right
        case .minus: left - right
        case .times: left * right
        default: left / right
        }
    }

    /// Durations count in seconds and rates by the hour: what a product or quotient of the two must be scaled by.
    private static func scale(_ operation: Token.Operator, _ left: Unit, _ right: Unit) -> Double {
        switch (operation, left, right) {
        case (.times, .perHour, .duration), (.times, .duration, .perHour): 1 / 3600
        case (.divide, .count, .duration), (.divide, .count, .perHour): 3600
        default: 1
        }
    }

    // MARK: Units

    /// The unit in which two numbers can be compared or added, if any.
    private func common(_ left: Typed, _ right: Typed) -> Unit? {
        if left.unit == right.unit { return left.unit }
        if left.unit == .number { return fits(left.formula, as: right.unit) ? right.unit : nil }
        if right.unit == .number { return fits(right.formula, as: left.unit) ? left.unit : nil }
        return nil
    }

    /// Whether a plain number can stand for a value of that unit: 50 mails, 100 an hour, 0.05 of all.
    private func fits(_ formula: Formula, as unit: Unit) -> Bool {
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

    // MARK: What to write instead

    private mutating func refuse<Result>(_ message: String, help: String? = nil, at span: Span) -> Result? {
        errors.append(ExpressionError(message, help: help, at: span))
        return nil
    }

    private func suggestion(
        _ operation: Token.Operator, _ left: SyntaxTree, _ first: Typed, _ right: SyntaxTree, _ second: Typed
    ) -> String? {
        let (leftText, rightText, sign) = (source(left), source(right), operation.rawValue)
        func ratioOf(_ text: String) -> String {
            switch text {
            case "bounced": "bounceRate"
            case "replied": "replyRate"
            default: "\(text) / totalEnrolled"
            }
        }
        switch (first.unit, second.unit) {
        case (.count, .ratio): return "did you mean \(ratioOf(leftText)) \(sign) \(rightText)?"
        case (.ratio, .count): return "did you mean \(leftText) \(sign) \(ratioOf(rightText))?"
        case (.count, .number): return "did you mean \(ratioOf(leftText)) \(sign) \(rightText)? Counts are whole"
        case (.number, .count): return "did you mean \(leftText) \(sign) \(ratioOf(rightText))? Counts are whole"
        case (.ratio, .number): return "did you mean \(leftText) \(sign) \(rightText)%?"
        case (.number, .ratio): return "did you mean \(leftText)% \(sign) \(rightText)?"
        case (.duration, .number): return "give the number a unit: \(leftText) \(sign) \(rightText)m"
        case (.number, .duration): return "give the number a unit: \(leftText)m \(sign) \(rightText)"
        case (.perHour, .count): return "rate() is by the hour: compare it with a plain number"
        default: return nil
        }
    }

    private func helpForUnknown(_ name: String) -> String? {
        let known =
            Gauge.allCases.map(\.rawValue) + [
                "increase", "rate", "age", "campaign.label", "pool.tag", "wilson_lower", "wilson_upper",
            ]
        let synonyms = [
            "bounce_rate": "bounceRate", "bounces": "bounced", "enrolled": "totalEnrolled", "leads": "totalEnrolled",
            "pool.remainingToday": "pool.remainingVolume", "remainingVolume": "pool.remainingVolume",
            "dailyCapacity": "pool.dailyCapacity", "available": "pool.available", "reserved": "pool.reserved",
        ]
        if let meant = synonyms[name] ?? NearestName.of(name, in: known) { return "did you mean '\(meant)'?" }
        return "names are \(known.joined(separator: ", "))"
    }

    private func list(_ names: [String]) -> String { "counters are \(names.joined(separator: ", "))" }

    private func example(_ unit: Unit) -> String {
        switch unit {
        case .number, .count, .perHour: "50"
        case .ratio: "5%"
        case .duration: "10m"
        }
    }

    private func isText(_ tree: SyntaxTree) -> Bool {
        switch tree {
        case .text: true
        case .call(let name, _, _, _): UnitChecker.textFunctions[name] != nil
        default: false
        }
    }

    private func source(_ tree: SyntaxTree) -> String {
        String(String.UnicodeScalarView(scalars[tree.span.start..<min(tree.span.end, scalars.count)]))
    }
}

extension Token.Operator {
    fileprivate var comparison: Comparison? { Comparison(rawValue: rawValue) }
}
