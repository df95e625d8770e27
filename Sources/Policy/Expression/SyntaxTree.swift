/// An expression as written, before names and units are checked.
indirect enum SyntaxTree: Hashable {
    case number(Double, Span)
    case percent(Double, Span)
    case duration(Duration, Span)
    case text(String, Span)
    case name(String, Span)
    case call(String, arguments: [SyntaxTree], name: Span, Span)
    case negate(SyntaxTree, Span)
    case arithmetic(Arithmetic, SyntaxTree, SyntaxTree, operator: Span)
    case compare(Comparison, SyntaxTree, SyntaxTree, operator: Span)
    case not(SyntaxTree, Span)
    case and(SyntaxTree, SyntaxTree)
    case or(SyntaxTree, SyntaxTree)

    /// True for a number or a text; false for a comparison and what combines comparisons.
    var isValue: Bool {
        switch self {
        case .number, .percent, .duration, .text, .name, .call, .negate, .arithmetic: true
        case .compare, .not, .and, .or: false
        }
    }

    var span: Span {
        switch self {
        case .number(_, let span), .percent(_, let span), .duration(_, let span), .text(_, let span),
            .name(_, let span), .call(_, _, _, let span), .negate(_, let span), .not(_, let span):
            span
        case .arithmetic(_, let left, let right, _), .compare(_, let left, let right, _), .and(let left, let right),
            .or(let left, let right):
            left.span.union(right.span)
        }
    }
}
