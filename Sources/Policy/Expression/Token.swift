/// The position of a part of an expression: offsets in Unicode scalars from the start of the expression.
package struct Span: Hashable, Sendable {
    package var start: Int
    package var end: Int

    package init(_ start: Int, _ end: Int) {
        (self.start, self.end) = (start, end)
    }

    /// The smallest span that covers both.
    func union(_ other: Span) -> Span {
        Span(min(start, other.start), max(end, other.end))
    }
}

/// What is wrong with an expression, where, and what to write instead.
package struct ExpressionError: Error, Hashable, Sendable {
    package var message: String
    package var help: String?
    package var span: Span
    /// True if the text ends before an open parenthesis is closed.
    var isUnclosed = false

    init(_ message: String, help: String? = nil, at span: Span) {
        self.message = message
        self.help = help
        self.span = span
    }
}

/// An arithmetic operator.
package enum Arithmetic: String, Sendable {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"

    func apply(_ left: Double, _ right: Double) -> Double {
        switch self {
        case .add: left + right
        case .subtract: left - right
        case .multiply: left * right
        case .divide: left / right
        }
    }
}

/// One token of the expression language.
struct Token: Hashable {
    enum Kind: Hashable {
        case number(Double)
        /// A percentage, already divided by 100.
        case percent(Double)
        case duration(Duration)
        case text(String)
        /// A name, including its dots: `pool.available`.
        case name(String)
        case arithmetic(Arithmetic)
        case comparison(Comparison)
        case and, or, not
        case open, close, comma
        case end
    }

    var kind: Kind
    var span: Span

    /// The token as messages refer to it.
    var description: String {
        switch kind {
        case .number, .percent, .duration: "a number"
        case .text: "a text"
        case .name(let name): "'\(name)'"
        case .arithmetic(let operation): "'\(operation.rawValue)'"
        case .comparison(let comparison): "'\(comparison.rawValue)'"
        case .and: "'and'"
        case .or: "'or'"
        case .not: "'not'"
        case .open: "'('"
        case .close: "')'"
        case .comma: "','"
        case .end: "the end of the expression"
        }
    }
}
