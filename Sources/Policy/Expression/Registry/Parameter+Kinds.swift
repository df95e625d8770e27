import Model

/// The arguments that several functions take.
extension Parameter {
    static let counter = Parameter("counter") { scope in
        scope == .pool ? nil : PatternText.choice(Counter.allCases.map(\.rawValue))
    } read: { checker, tree, function in
        checker.counter(tree, of: function.name).map { .counter($0) }
    }

    static let window = Parameter("window") { _ in
        PatternText.window
    } read: { checker, tree, _ in
        checker.window(tree).map { .window($0) }
    }

    static let count = Parameter("count") { _ in
        PatternText.formula
    } read: { checker, tree, function in
        guard let typed = checker.formula(tree) else { return nil }
        guard typed.unit == .count else {
            return checker.refuse(
                "\(function.name) takes counts, but this is \(typed.unit.description)",
                help: "for example \(function.example)", at: tree.span)
        }
        return .number(typed.formula, .count)
    }

    static let confidence = Parameter("confidence") { _ in
        #"\d+(\.\d+)?\s*%"#
    } read: { checker, tree, function in
        guard let typed = checker.formula(tree), case .constant(let value) = typed.formula, (0.5..<1).contains(value)
        else {
            return checker.refuse(
                "a confidence must be at least 50% and below 100%", help: "for example \(function.example)",
                at: tree.span)
        }
        return .number(typed.formula, .ratio)
    }

    static let text = Parameter("text") { _ in
        PatternText.quoted
    } read: { checker, tree, function in
        guard case .text(let text, _) = tree else {
            return checker.refuse(
                "\(function.name) takes one text", help: "write \(function.example)", at: tree.span)
        }
        return .text(text)
    }
}

extension UnitChecker {
    fileprivate mutating func counter(_ tree: SyntaxTree, of function: String) -> Counter? {
        let known = Counter.allCases.map(\.rawValue)
        let list = "counters are \(known.joined(separator: ", "))"
        guard case .name(let name, let span) = tree else {
            return refuse("the first argument of \(function) must be a counter", help: list, at: tree.span)
        }
        if scope == .pool {
            return refuse("a rule on pools cannot use '\(name)', which belongs to a campaign", at: span)
        }
        if let counter = Counter(rawValue: name) { return counter }
        if Registry.gauge(name) != nil {
            return refuse("'\(name)' is not a counter: it can fall, so it has no \(function)", help: list, at: span)
        }
        let nearest = NearestName.of(name, in: known)
        return refuse("unknown counter '\(name)'", help: nearest.map { "did you mean '\($0)'?" } ?? list, at: span)
    }

    fileprivate mutating func window(_ tree: SyntaxTree) -> Duration? {
        guard case .duration(let window, let span) = tree else {
            return refuse("a window must be a duration", help: "for example 24h", at: tree.span)
        }
        guard window > .zero else { return refuse("a window must be longer than 0s", at: span) }
        guard window <= UnitChecker.windowMax else {
            return refuse("a window can be at most \(UnitChecker.windowMax.policyText)", at: span)
        }
        return window
    }
}
