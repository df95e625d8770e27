import Model

/// Calls of functions.
extension UnitChecker {
    mutating func call(
        _ name: String, _ arguments: [SyntaxTree], _ nameSpan: Span, _ span: Span
    ) -> Typed? {
        switch name {
        case "increase", "rate": return growth(name, arguments, span)
        case "bounceRate":
            guard arguments.count == 1 else {
                return refuse("bounceRate takes one window", help: "for example bounceRate(24h)", at: span)
            }
            if scope == .pool { return self.name(name, nameSpan) }
            guard let window = window(arguments[0]) else { return nil }
            return Typed(formula: .bounceRate(window), unit: .ratio)
        case "wilson_lower": return wilson(.lower, arguments, span)
        case "wilson_upper": return wilson(.upper, arguments, span)
        case "age": return age(arguments, span)
        case "replyRate":
            return refuse(
                "replyRate takes no window", help: "write increase(replied, 24h) / increase(delivered, 24h)", at: span)
        default:
            if Gauge(rawValue: name) != nil {
                let isCounter = Counter(rawValue: name) != nil
                return refuse(
                    "'\(name)' is not a function", help: isCounter ? "write increase(\(name), 24h)" : nil,
                    at: nameSpan)
            }
            return refuse("unknown function '\(name)'", help: UnitChecker.helpForUnknown(name), at: nameSpan)
        }
    }

    private mutating func growth(_ name: String, _ arguments: [SyntaxTree], _ span: Span) -> Typed? {
        guard arguments.count == 2 else {
            return refuse("\(name) takes a counter and a window", help: "for example \(name)(bounced, 24h)", at: span)
        }
        let parts = (counter(arguments[0], of: name), window(arguments[1]))
        guard let counter = parts.0, let window = parts.1 else { return nil }
        return name == "rate"
            ? Typed(formula: .rate(counter, window), unit: .perHour)
            : Typed(formula: .increase(counter, window), unit: .count)
    }

    private mutating func age(_ arguments: [SyntaxTree], _ span: Span) -> Typed? {
        guard arguments.count == 1, case .name(let text, _) = arguments[0], let source = Source(rawValue: text) else {
            return refuse("age takes stats, pools or accounts", help: "for example age(stats) > 10m", at: span)
        }
        if scope == .pool, source == .stats {
            return refuse("a rule on pools cannot use 'age(stats)'", help: "write age(pools)", at: span)
        }
        return Typed(formula: .age(source), unit: .duration)
    }

    private mutating func wilson(_ end: WilsonEnd, _ arguments: [SyntaxTree], _ span: Span) -> Typed? {
        let example = "for example \(end.rawValue)(bounced, resolved, 95%)"
        guard arguments.count == 3 else {
            return refuse("\(end.rawValue) takes two counts and a confidence", help: example, at: span)
        }
        let counts = (formula(arguments[0]), formula(arguments[1]))
        guard let hits = counts.0, let trials = counts.1 else { return nil }
        for (part, tree) in [(hits, arguments[0]), (trials, arguments[1])] where part.unit != .count {
            return refuse(
                "\(end.rawValue) takes counts, but this is \(part.unit.description)", help: example, at: tree.span)
        }
        guard let confidence = formula(arguments[2]), case .constant(let value) = confidence.formula,
            (0.5..<1).contains(value)
        else {
            return refuse("a confidence must be at least 50% and below 100%", help: example, at: arguments[2].span)
        }
        return Typed(formula: .wilson(end, hits.formula, trials.formula, confidence: value), unit: .ratio)
    }

    private mutating func counter(_ tree: SyntaxTree, of function: String) -> Counter? {
        let known = Counter.allCases.map(\.rawValue)
        let list = "counters are \(known.joined(separator: ", "))"
        guard case .name(let name, let span) = tree else {
            return refuse("the first argument of \(function) must be a counter", help: list, at: tree.span)
        }
        if scope == .pool {
            return refuse("a rule on pools cannot use '\(name)', which belongs to a campaign", at: span)
        }
        if let counter = Counter(rawValue: name) { return counter }
        if Gauge(rawValue: name) != nil {
            return refuse("'\(name)' is not a counter: it can fall, so it has no \(function)", help: list, at: span)
        }
        let nearest = NearestName.of(name, in: known)
        return refuse("unknown counter '\(name)'", help: nearest.map { "did you mean '\($0)'?" } ?? list, at: span)
    }

    private mutating func window(_ tree: SyntaxTree) -> Duration? {
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
