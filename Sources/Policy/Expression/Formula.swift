/// A checked formula: every name is known and the units match, so an evaluation can fail only for lack of data.
package indirect enum Formula: Hashable, Sendable {
    case constant(Double)
    case gauge(Gauge)
    case call(Call)
    case negate(Formula)
    case arithmetic(Arithmetic, Formula, Formula)
}

/// A checked call of a function that returns a number.
package struct Call: Sendable {
    package let function: Function
    package let arguments: [CallArgument]
    /// The call expanded into primitives.
    package let term: Term

    /// Nil if the function does not return a number or does not take these arguments.
    init?(_ function: Function, _ arguments: [CallArgument]) {
        guard case .number(let expand) = function.result, let term = expand(arguments) else { return nil }
        (self.function, self.arguments, self.term) = (function, arguments, term)
    }

    /// The windows that the call reads.
    var windows: [TimeWindow] {
        var windows: [TimeWindow] = []
        term.visitLeaves { leaf in
            switch leaf {
            case .increase(_, let window), .hourlyIncrease(_, let window): windows.append(window)
            case .constant, .gauge, .age, .campaignAge, .wallClock, .negate, .arithmetic, .native: break
            }
        }
        return windows
    }

    package var unit: Unit { function.unit ?? firstNumber?.unit ?? .number }

    /// The formula and unit of the first argument that is a number.
    var firstNumber: (formula: Formula, unit: Unit)? {
        for case .number(let formula, let unit) in arguments { return (formula, unit) }
        return nil
    }
}

extension Call: Hashable {
    package static func == (left: Call, right: Call) -> Bool {
        left.function.name == right.function.name && left.arguments == right.arguments
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(function.name)
        hasher.combine(arguments)
    }
}

/// A checked argument of a function.
package enum CallArgument: Hashable, Sendable, Codable {
    case counter(Counter)
    case window(Duration)
    case source(Source)
    /// The campaign that the rule is evaluated on.
    case campaign
    case text(String)
    case number(Formula, Unit)
}

extension Formula {
    /// The formula expanded into primitives.
    var term: Term {
        switch self {
        case .constant(let value): .constant(value)
        case .gauge(let gauge): .gauge(gauge)
        case .call(let call): call.term
        case .negate(let inner): .negate(inner.term)
        case .arithmetic(let operation, let left, let right): .arithmetic(operation, left.term, right.term)
        }
    }

    /// Calls `visit` with every primitive that reads data, from left to right.
    package func visitLeaves(_ visit: (Term) -> Void) {
        switch self {
        case .constant(let value): visit(.constant(value))
        case .gauge(let gauge): visit(.gauge(gauge))
        case .call(let call): call.term.visitLeaves(visit)
        case .negate(let inner): inner.visitLeaves(visit)
        case .arithmetic(_, let left, let right):
            left.visitLeaves(visit)
            right.visitLeaves(visit)
        }
    }

    /// The first window in the formula.
    package var window: TimeWindow? {
        var found: TimeWindow?
        visitLeaves { leaf in
            switch leaf {
            case .increase(_, let window), .hourlyIncrease(_, let window): found = found ?? window
            case .constant, .gauge, .age, .campaignAge, .wallClock, .negate, .arithmetic, .native: break
            }
        }
        return found
    }

    /// The rate and its window, which is nil for the campaign's lifetime; nil if the formula is not a rate.
    package var rate: (rate: Rate, window: Duration?)? {
        switch self {
        case .gauge(.rate(let rate)): return (rate, nil)
        case .call(let call):
            guard let rate = call.function.rate, case .window(let window) = call.arguments.first else { return nil }
            return (rate, window)
        case .constant, .gauge, .negate, .arithmetic: return nil
        }
    }
}
