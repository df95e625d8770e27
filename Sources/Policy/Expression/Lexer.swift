import Model

/// Splits an expression into tokens.
struct Lexer {
    /// The longest expression, in Unicode scalars; the examples stay below 200.
    static let lengthMax = 2000

    private let scalars: [Unicode.Scalar]
    private var position = 0

    private init(_ text: String) {
        scalars = Array(text.unicodeScalars)
    }

    /// All tokens of `text`; the last one is `.end`.
    static func tokens(of text: String) throws(ExpressionError) -> [Token] {
        var lexer = Lexer(text)
        guard lexer.scalars.count <= lengthMax else {
            throw ExpressionError(
                "the expression has \(lexer.scalars.count) characters; the limit is \(lengthMax)",
                help: "split it into several rules", at: Span(0, 1))
        }
        var tokens: [Token] = []
        repeat {
            tokens.append(try lexer.next())
        } while tokens.last?.kind != .end
        return tokens
    }

    private mutating func next() throws(ExpressionError) -> Token {
        while let scalar = peek, scalar.properties.isWhitespace { position += 1 }
        let start = position
        guard let scalar = peek else { return Token(kind: .end, span: Span(start, start)) }
        switch scalar {
        case "0"..."9", ".": return try number()
        case "\"", "'": return try text(quote: scalar)
        case "(": return single(.open)
        case ")": return single(.close)
        case ",": return single(.comma)
        case "+": return single(.arithmetic(.add))
        case "-": return single(.arithmetic(.subtract))
        case "*": return single(.arithmetic(.multiply))
        case "/": return single(.arithmetic(.divide))
        case "<", ">", "=", "!", "&", "|": return try symbol()
        default:
            if isNameStart(scalar) { return word() }
            throw ExpressionError(
                "unexpected character \(shown(scalar))", help: Lexer.help(for: scalar), at: Span(start, start + 1))
        }
    }

    private var peek: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private mutating func single(_ kind: Token.Kind) -> Token {
        position += 1
        return Token(kind: kind, span: Span(position - 1, position))
    }

    private mutating func symbol() throws(ExpressionError) -> Token {
        let start = position
        while let scalar = peek, "<>=!&|".unicodeScalars.contains(scalar), position - start < 3 { position += 1 }
        let text = String(String.UnicodeScalarView(scalars[start..<position]))
        let span = Span(start, position)
        if let comparison = Comparison(rawValue: text) { return Token(kind: .comparison(comparison), span: span) }
        let instead: [String: String] = [
            "=": "==", "===": "==", "&&": "and", "&": "and", "||": "or", "|": "or", "!": "not", "<>": "!=",
            "=>": ">=", "=<": "<=", "!==": "!=",
        ]
        throw ExpressionError("'\(text)' is not an operator", help: instead[text].map { "write '\($0)'" }, at: span)
    }

    private mutating func word() -> Token {
        let start = position
        while let scalar = peek, isNameStart(scalar) || ("0"..."9").contains(scalar) || scalar == "." { position += 1 }
        let text = String(String.UnicodeScalarView(scalars[start..<position]))
        let kind: Token.Kind =
            switch text {
            case "and": .and
            case "or": .or
            case "not": .not
            default: .name(text)
            }
        return Token(kind: kind, span: Span(start, position))
    }

    /// A number, a percentage or a duration; all start with a digit.
    private mutating func number() throws(ExpressionError) -> Token {
        let start = position
        while let scalar = peek, ("0"..."9").contains(scalar) || scalar == "." || scalar == "_" { position += 1 }
        let digits = String(String.UnicodeScalarView(scalars[start..<position]))
        if let scalar = peek, isNameStart(scalar) { return try duration(from: start, digits: digits) }
        guard let value = Double(digits), value.isFinite, !digits.hasSuffix("."), !digits.hasPrefix(".") else {
            throw ExpressionError(
                "'\(digits)' is not a number", help: "write numbers like 50, 0.05 or 5%", at: Span(start, position))
        }
        guard value <= 1e15 else {
            throw ExpressionError(
                "'\(digits)' is too large", help: "the largest number is 10^15", at: Span(start, position))
        }
        let afterDigits = position
        while let scalar = peek, scalar.properties.isWhitespace { position += 1 }
        if peek == "%" {
            position += 1
            return Token(kind: .percent(value / 100), span: Span(start, position))
        }
        position = afterDigits
        return Token(kind: .number(value), span: Span(start, position))
    }

    private mutating func duration(from start: Int, digits: String) throws(ExpressionError) -> Token {
        while let scalar = peek, isNameStart(scalar) || ("0"..."9").contains(scalar) { position += 1 }
        let text = String(String.UnicodeScalarView(scalars[start..<position]))
        guard let duration = Duration(policyText: text) else {
            throw ExpressionError(
                "'\(text)' is not a duration",
                help: "write durations like 500ms, 90s, 2m, 4h or 7d (up to ten years)", at: Span(start, position))
        }
        return Token(kind: .duration(duration), span: Span(start, position))
    }

    private mutating func text(quote: Unicode.Scalar) throws(ExpressionError) -> Token {
        let start = position
        position += 1
        while let scalar = peek, scalar != quote {
            if scalar.isControlling {
                throw ExpressionError(
                    "the text contains a control or invisible character, \(scalar.codePoint)", help: "remove it",
                    at: Span(position, position + 1))
            }
            position += 1
        }
        guard peek != nil else {
            throw ExpressionError(
                "the text has no closing quote", help: "add \(quote)", at: Span(start, start + 1))
        }
        let content = String(String.UnicodeScalarView(scalars[(start + 1)..<position]))
        position += 1
        return Token(kind: .text(content), span: Span(start, position))
    }

    private func isNameStart(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
    }

    private func shown(_ scalar: Unicode.Scalar) -> String {
        scalar.isControlling ? scalar.codePoint : "'\(scalar)'"
    }

    private static func help(for scalar: Unicode.Scalar) -> String? {
        switch scalar {
        case "%": "write the number first: 5%"
        case "{", "}", "[", "]": "write '(' or ')'"
        case "≥": "write '>='"
        case "≤": "write '<='"
        case "≠": "write '!='"
        case "×": "write '*'"
        case "÷": "write '/'"
        case "\u{201C}", "\u{201D}", "\u{2018}", "\u{2019}": "write straight quotes: \""
        case "\u{2013}", "\u{2014}", "\u{2212}": "write '-'"
        default: nil
        }
    }
}
