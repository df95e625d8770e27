import Model

extension Function {
    static let previous = Function(
        name: "previous", parameters: [.windowed, .shift],
        result: .number { arguments in
            guard case .number(let formula, _) = arguments.first, case .window(let shift) = arguments.last else {
                return nil
            }
            return formula.term.shifted(by: shift)
        }, form: "previous(x, 24h)", example: "previous(bounceRate(24h), 24h)",
        summary: "the value of `x` that long ago; each name in `x` needs a window, as in `bounceRate(24h)`",
        scopes: [.campaign, .group])
}

extension Parameter {
    fileprivate static let windowed = Parameter("formula") { scope in
        scope == .pool ? nil : PatternText.formula
    } read: { checker, tree, function in
        guard let typed = checker.formula(tree) else { return nil }
        guard typed.formula.term.shifted(by: .zero) != nil, typed.formula.window != nil else {
            return checker.refuse(
                "\(function.name) takes a formula in which every name has a window",
                help: "for example \(function.example)", at: tree.span)
        }
        return .number(typed.formula, typed.unit)
    }

    fileprivate static let shift = Parameter("duration") { scope in
        Parameter.window.pattern(scope)
    } read: { checker, tree, function in
        Parameter.window.read(&checker, tree, function)
    }
}

extension Term {
    /// The term with every window moved back by `shift`; nil if a part of the term has no window.
    fileprivate func shifted(by shift: Duration) -> Term? {
        func moved(_ window: TimeWindow) -> TimeWindow { TimeWindow(window.length, offset: window.offset + shift) }
        switch self {
        case .constant: return self
        case .increase(let counter, let window): return .increase(counter, moved(window))
        case .hourlyIncrease(let counter, let window): return .hourlyIncrease(counter, moved(window))
        case .negate(let inner): return inner.shifted(by: shift).map { .negate($0) }
        case .arithmetic(let operation, let left, let right):
            guard let first = left.shifted(by: shift), let second = right.shifted(by: shift) else { return nil }
            return .arithmetic(operation, first, second)
        case .native(let function, let left, let right):
            guard let first = left.shifted(by: shift), let second = right.shifted(by: shift) else { return nil }
            return .native(function, first, second)
        case .gauge, .age, .campaignAge, .wallClock: return nil
        }
    }
}
