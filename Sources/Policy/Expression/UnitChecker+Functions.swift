import Model

/// Calls of functions.
extension UnitChecker {
    /// A call that returns a number.
    mutating func call(
        _ name: String, _ trees: [SyntaxTree], _ nameSpan: Span, _ span: Span
    ) -> Typed? {
        guard let function = Registry.function(name) else { return refuseUnknown(name, nameSpan, span) }
        if function.isText { return refuse("expected a number, found text", at: span) }
        guard let arguments = arguments(of: function, trees, nameSpan, span),
            let call = Call(function, arguments)
        else { return nil }
        return hasValidWindows(call, span) ? Typed(formula: .call(call), unit: call.unit) : nil
    }

    private mutating func hasValidWindows(_ call: Call, _ span: Span) -> Bool {
        for window in call.windows {
            if window.reach > UnitChecker.windowMax {
                let limit = UnitChecker.windowMax.policyText
                return refuse(
                    "\(call.function.name) reaches back \(window.reach.policyText), "
                        + "but samples are stored for \(limit)",
                    at: span) ?? false
            }
            if window.reach > window.length * UnitChecker.reachMax {
                return refuse(
                    "a window of \(window.length.policyText) is too short to be read \(window.offset.policyText) back",
                    help: "older samples are stored further apart: use a window of at least "
                        + "\((window.offset / (UnitChecker.reachMax - 1)).policyText)", at: span) ?? false
            }
        }
        return true
    }

    private mutating func refuseUnknown(_ name: String, _ nameSpan: Span, _ span: Span) -> Typed? {
        guard let gauge = Registry.gauge(name) else {
            return refuse("unknown function '\(name)'", help: Registry.helpForUnknown(name), at: nameSpan)
        }
        if let instead = gauge.entry.insteadOfWindow {
            return refuse("\(name) takes no window", help: "write \(instead)", at: span)
        }
        var help: String?
        if case .counter(let counter) = gauge { help = "write increase(\(counter.rawValue), 24h)" }
        return refuse("'\(name)' is not a function", help: help, at: nameSpan)
    }

    /// The checked arguments of a call; nil, and at least one error, if one does not fit.
    mutating func arguments(
        of function: Function, _ trees: [SyntaxTree], _ nameSpan: Span, _ span: Span
    ) -> [CallArgument]? {
        guard trees.count == function.parameters.count else {
            return refuse(
                "\(function.name) takes \(function.takes)", help: "for example \(function.example)", at: span)
        }
        guard function.scopes.contains(scope) else {
            let reason = scope == .pool ? ", which belongs to a campaign" : ""
            return refuse(
                "a rule on \(scope.noun) cannot use '\(function.name)'\(reason)", help: scope.help, at: nameSpan)
        }
        let read = zip(function.parameters, trees).map { $0.read(&self, $1, function) }
        let arguments = read.compactMap(\.self)
        return arguments.count == read.count ? arguments : nil
    }
}
