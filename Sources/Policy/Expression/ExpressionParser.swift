/// Parses tokens by recursive descent: `or`, `and`, `not`, comparison, sum, product, sign, operand.
struct ExpressionParser {
    /// The deepest nesting of parentheses, signs and `not`; bounds the use of the stack.
    static let depthMax = 64

    private let tokens: [Token]
    private var position = 0
    private var depth = 0

    private init(_ tokens: [Token]) {
        self.tokens = tokens
    }

    /// The syntax tree of a whole expression.
    static func parse(_ text: String) throws(ExpressionError) -> SyntaxTree {
        var parser = ExpressionParser(try Lexer.tokens(of: text))
        guard parser.current.kind != .end else {
            throw ExpressionError("the expression is empty", help: "for example bounceRate > 5%", at: Span(0, 1))
        }
        let tree = try parser.disjunction()
        guard parser.current.kind == .end else { throw parser.unexpectedAfterOperand() }
        return tree
    }

    private var current: Token { tokens[position] }

    private mutating func advance() { position = min(position + 1, tokens.count - 1) }

    private mutating func disjunction() throws(ExpressionError) -> SyntaxTree {
        var left = try conjunction()
        while current.kind == .or {
            advance()
            left = .or(left, try conjunction())
        }
        return left
    }

    private mutating func conjunction() throws(ExpressionError) -> SyntaxTree {
        var left = try negation()
        while current.kind == .and {
            advance()
            left = .and(left, try negation())
        }
        return left
    }

    private mutating func negation() throws(ExpressionError) -> SyntaxTree {
        guard current.kind == .not else { return try comparison() }
        let start = current.span
        advance()
        let operand = try nested { parser throws(ExpressionError) in try parser.negation() }
        return .not(operand, start.union(operand.span))
    }

    private mutating func comparison() throws(ExpressionError) -> SyntaxTree {
        let left = try sum()
        guard case .comparison(let comparison) = current.kind else { return left }
        let span = current.span
        advance()
        let right = try sum()
        if case .comparison = current.kind {
            throw ExpressionError(
                "comparisons cannot be chained", help: "write 'a < b and b < c' instead of 'a < b < c'",
                at: current.span)
        }
        return .compare(comparison, left, right, operator: span)
    }

    private mutating func sum() throws(ExpressionError) -> SyntaxTree {
        var left = try product()
        while case .arithmetic(let operation) = current.kind, operation == .add || operation == .subtract {
            let span = current.span
            advance()
            left = .arithmetic(operation, left, try product(), operator: span)
        }
        return left
    }

    private mutating func product() throws(ExpressionError) -> SyntaxTree {
        var left = try sign()
        while case .arithmetic(let operation) = current.kind, operation == .multiply || operation == .divide {
            let span = current.span
            advance()
            left = .arithmetic(operation, left, try sign(), operator: span)
        }
        return left
    }

    private mutating func sign() throws(ExpressionError) -> SyntaxTree {
        guard case .arithmetic(.subtract) = current.kind else { return try operand() }
        let start = current.span
        advance()
        let value = try nested { parser throws(ExpressionError) in try parser.sign() }
        return .negate(value, start.union(value.span))
    }

    private mutating func operand() throws(ExpressionError) -> SyntaxTree {
        let token = current
        switch token.kind {
        case .number(let value): advance(); return .number(value, token.span)
        case .percent(let value): advance(); return .percent(value, token.span)
        case .duration(let value): advance(); return .duration(value, token.span)
        case .text(let value): advance(); return .text(value, token.span)
        case .name(let name):
            advance()
            return current.kind == .open ? try call(name, token.span) : .name(name, token.span)
        case .open:
            advance()
            let inner = try nested { parser throws(ExpressionError) in try parser.disjunction() }
            try close(opened: token.span)
            return inner
        case .end:
            throw ExpressionError("expected a value, found the end of the expression", at: token.span)
        case .arithmetic, .comparison, .and, .or, .not, .close, .comma:
            throw ExpressionError("expected a value, found \(token.description)", at: token.span)
        }
    }

    private mutating func call(_ name: String, _ span: Span) throws(ExpressionError) -> SyntaxTree {
        let opened = current.span
        advance()
        var arguments: [SyntaxTree] = []
        if current.kind != .close {
            arguments.append(try nested { parser throws(ExpressionError) in try parser.disjunction() })
            while current.kind == .comma {
                advance()
                arguments.append(try nested { parser throws(ExpressionError) in try parser.disjunction() })
            }
        }
        let end = current.span
        try close(opened: opened)
        return .call(name, arguments: arguments, name: span, span.union(end))
    }

    private mutating func close(opened: Span) throws(ExpressionError) {
        guard current.kind == .close else {
            if current.kind == .end {
                var error = ExpressionError("unmatched '('", help: "add ')'", at: opened)
                error.isUnclosed = true
                throw error
            }
            throw unexpectedAfterOperand()
        }
        advance()
    }

    private mutating func nested(
        _ parse: (inout ExpressionParser) throws(ExpressionError) -> SyntaxTree
    ) throws(ExpressionError) -> SyntaxTree {
        depth += 1
        guard depth <= ExpressionParser.depthMax else {
            throw ExpressionError(
                "the expression is nested deeper than \(ExpressionParser.depthMax) levels",
                help: "split it into several rules", at: current.span)
        }
        defer { depth -= 1 }
        return try parse(&self)
    }

    private func unexpectedAfterOperand() -> ExpressionError {
        if case .name(let name) = current.kind, ["AND", "OR", "NOT"].contains(name.uppercased()) {
            return ExpressionError(
                "'\(name)' is not an operator", help: "write '\(name.lowercased())'", at: current.span)
        }
        if current.kind == .close { return ExpressionError("unmatched ')'", at: current.span) }
        if current.kind == .comma {
            return ExpressionError(
                "',' can only separate the arguments of a function", help: "write 1000 instead of 1,000",
                at: current.span)
        }
        let isWindow = current.description.contains("over")
        return ExpressionError(
            "expected an operator before \(current.description)",
            help: isWindow
                ? "write a window in parentheses: bounceRate(24h) > 5%" : "join two conditions with 'and' or 'or'",
            at: current.span)
    }
}
