import Model

/// Everything that the language knows about a function.
package struct Function: Sendable {
    enum Result: Sendable {
        /// The call expanded into primitives; nil unless the arguments are those that the parameters read.
        case number(@Sendable ([CallArgument]) -> Term?)
        /// The term for the function's only argument.
        case text(@Sendable (String) -> TextTerm)
    }

    package let name: String
    package let parameters: [Parameter]
    let result: Result
    /// The unit of its value; nil for text, and for a number with the unit of the first argument.
    var unit: Unit?
    /// The range of its value; nil if it is that of the first argument.
    var range: ClosedRange<Double>?
    /// As the policy reference shows it: `increase(x, 24h)`.
    package let form: String
    /// An example call for help texts.
    let example: String
    /// Its sentence in the policy reference.
    package let summary: String
    /// The scopes of the rules that can use it.
    var scopes: Set<UnitChecker.Scope> = [.campaign, .pool, .group]
    /// The capability of the platform that it requires.
    var needs: Provider.Ability?
    /// The rate that it returns for a window; nil for any other function.
    var rate: Rate?
    /// True if explanations show its primitive instead of the call.
    var isPrimitive = false
    /// An example comparison of its text, for help texts; nil for a number.
    var textExample: String?

    var isText: Bool {
        switch result {
        case .number: false
        case .text: true
        }
    }

    fileprivate var unitName: String { unit?.title ?? "that of `x`" }

    var unitTitle: String { isText ? "text" : unitName }

    /// Its parameters, for messages: `a counter and a window`.
    var takes: String {
        guard parameters.count > 1 else { return parameters.first?.alone ?? "no arguments" }
        var groups: [(noun: String, count: Int)] = []
        for parameter in parameters {
            if groups.last?.noun == parameter.noun {
                groups[groups.count - 1].count += 1
            } else {
                groups.append((parameter.noun, 1))
            }
        }
        let texts = groups.map {
            $0.count == 1 ? "a \($0.noun)" : "\($0.count == 2 ? "two" : "\($0.count)") \($0.noun)s"
        }
        return texts.dropLast().joined(separator: ", ") + (texts.count > 1 ? " and " : "") + (texts.last ?? "")
    }

    /// The call as a policy writes it.
    func text(_ arguments: [CallArgument]) -> String {
        "\(name)(\(arguments.map(\.text).joined(separator: ", ")))"
    }
}

/// What a function accepts as one of its arguments.
package struct Parameter: Sendable {
    /// Without its article.
    let noun: String
    /// For messages about a function with this parameter only.
    let alone: String
    /// The pattern of the argument for the JSON Schema, in ECMA 262 syntax; nil if rules of this scope cannot use it.
    let pattern: @Sendable (UnitChecker.Scope) -> String?
    /// The checked argument; nil, and an error, if the tree is not a valid argument.
    let read: @Sendable (inout UnitChecker, SyntaxTree, Function) -> CallArgument?

    init(
        _ noun: String, alone: String? = nil, pattern: @escaping @Sendable (UnitChecker.Scope) -> String?,
        read: @escaping @Sendable (inout UnitChecker, SyntaxTree, Function) -> CallArgument?
    ) {
        (self.noun, self.alone, self.pattern, self.read) = (noun, alone ?? "one \(noun)", pattern, read)
    }
}

extension CallArgument {
    /// As a policy writes it.
    var text: String {
        switch self {
        case .counter(let counter): counter.rawValue
        case .window(let window): window.windowText
        case .source(let source): source.rawValue
        case .campaign: CallArgument.campaignName
        case .text(let text): "\"\(text)\""
        case .number(let formula, let unit): formula.text(unit)
        }
    }
}

extension Formula {
    /// The text of the term in the syntax of policies, for explanations.
    fileprivate func text(_ unit: Unit) -> String {
        switch self {
        case .constant(let value): return unit.text(value)
        case .gauge(let gauge): return gauge.rawValue
        case .call(let call): return call.function.text(call.arguments)
        case .negate(let inner): return "-\(inner.text(unit))"
        case .arithmetic(let operation, let left, let right):
            return "(\(left.text(unit)) \(operation.rawValue) \(right.text(unit)))"
        }
    }
}
