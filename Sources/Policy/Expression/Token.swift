/// Where a piece of an expression stands: offsets in Unicode scalars from the expression's first one.
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
    /// True where a bracket was opened and the text ends before it is closed.
    var isUnclosed = false

    init(_ message: String, help: String? = nil, at span: Span) {
        self.message = message
        self.help = help
        self.span = span
    }
}

/// One word of the expression language.
struct Token: Hashable {
    enum Kind: Hashable {
        case number(Double)
        /// A percentage, already divided by 100.
        case percent(Double)
        case duration(Duration)
        case text(String)
        /// A name, dots included: `pool.available`.
        case name(String)
        case operation(Operator)
        case and, or, not
        case open, close, comma
        case end
    }

    enum Operator: String {
        case plus = "+"
        case minus = "-"
        case times = "*"
        case divide = "/"
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case equal = "=="
        case notEqual = "!="
    }

    var kind: Kind
    var span: Span

    /// The token as a sentence about it calls it.
    var description: String {
        switch kind {
        case .number, .percent, .duration: "a number"
        case .text: "a text"
        case .name(let name): "'\(name)'"
        case .operation(let operation): "'\(operation.rawValue)'"
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
