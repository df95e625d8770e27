import Yams

/// Explains why a file is not YAML: what its author most likely did, where, and what to write instead.
struct BrokenYAML {
    private let source: SourceFile
    private let linesBefore: Int

    /// - Parameter linesBefore: how many lines of other files the parser's positions count.
    init(_ source: SourceFile, linesBefore: Int) {
        (self.source, self.linesBefore) = (source, linesBefore)
    }

    func fault(_ error: YamlError) -> YAMLFault {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let position = position(mark)
            return explained(problem, at: position, in: context)
                ?? .init(position, "invalid YAML: \(problem)", help: help(problem, source.line(position.line)))
        case .reader(let problem, let offset, let value, let yaml):
            let before = offset.map { yaml.prefix($0) } ?? ""
            let line = before.count { $0.isNewline } + 1 - linesBefore
            let column = before.split(separator: "\n", omittingEmptySubsequences: false).last?.unicodeScalars.count ?? 0
            let byte = value >= 0 ? " (U+\(String(value, radix: 16, uppercase: true)))" : ""
            return .init(.init(line: max(1, line), column: column + 1), "invalid YAML: \(problem)\(byte)")
        case .duplicatedKeysInMapping(let names, let context):
            return duplicate(names.first ?? "", position(context.mark))
        case .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
            return .init(.init(line: 1, column: 1), "the file cannot be read as YAML")
        }
    }

    private func position(_ mark: Mark) -> Position {
        Position(line: max(1, mark.line - linesBefore), column: max(1, mark.column))
    }

    /// What the parser's problem means; nil if the parser's own message is the best explanation.
    private func explained(_ problem: String, at position: Position, in context: YamlError.Context?) -> YAMLFault? {
        if problem.contains("another document") {
            return .init(position, "the file has a second document", help: "a policy is one document: remove '---'")
        }
        if problem.contains("nesting level") {
            return .init(
                position, "the file is nested too deeply", help: "check the brackets and the indentation here")
        }
        let start = context.map { self.position($0.mark) }
        if problem.contains("did not find expected ',' or"), let start { return flow(from: start, at: position) }
        if problem.contains("unexpected end of stream"), let start, context?.text.contains("quoted") == true {
            return .init(start, "the quote is never closed", help: "end the text with the same quote")
        }
        if problem.contains("alphabetic or numeric character") || problem.contains("undefined alias") {
            return alias(start ?? position) ?? alias(position)
        }
        if source.line(position.line).prefix(while: { $0 == " " || $0 == "\t" }).contains("\t") { return nil }
        if problem.contains("mapping values are not allowed"), isFirstColon(position) { return indentation(position) }
        if ["expected key", "expected '-' indicator", "expected <block end>"].contains(where: problem.contains) {
            return misplaced(position)
        }
        return nil
    }

    // MARK: Brackets

    /// A bracket that is not closed, is closed by another one, or lacks a comma between its values.
    private func flow(from start: Position, at position: Position) -> YAMLFault? {
        guard let open = scalar(at: start), let close = BrokenYAML.closing[open] else { return nil }
        switch BracketScan(source).end(of: start) {
        case nil:
            return .init(start, "'\(open)' is never closed", help: "add '\(close)' where the entries end")
        case let other? where other != close:
            return .init(start, "'\(open)' is closed by '\(other)'", help: "close it with '\(close)'")
        case .some:
            return .init(
                position, "a comma is missing before this",
                help: "separate the entries between '\(open)' and '\(close)' with commas, and put texts with ': ' in "
                    + "quotes")
        }
    }

    static let closing: [Unicode.Scalar: Unicode.Scalar] = ["{": "}", "[": "]"]

    private func scalar(at position: Position) -> Unicode.Scalar? {
        source.line(position.line).dropFirst(position.column - 1).first
    }

    // MARK: Aliases

    private func alias(_ position: Position) -> YAMLFault? {
        guard scalar(at: position) == "*" else { return nil }
        return .init(
            position, "a text that begins with '*' needs quotes",
            help: "if you mean all campaigns: \(CampaignReader.noListing)")
    }

    // MARK: Indentation

    /// True if this colon is the first of its line that could end a key.
    private func isFirstColon(_ position: Position) -> Bool {
        let before = source.line(position.line).prefix(position.column - 1)
        return zip(before, before.dropFirst()).allSatisfy { $0 != ":" || $1 != " " }
    }

    /// Something that the line of a block cannot contain, or a line at the wrong place.
    private func misplaced(_ position: Position) -> YAMLFault? {
        let line = source.line(position.line)
        guard line.prefix(position.column - 1).allSatisfy({ $0 == " " }) else {
            if let scalar = scalar(at: position), BrokenYAML.closing.values.contains(scalar) {
                return .init(position, "'\(scalar)' closes nothing", help: "remove it")
            }
            return .init(position, "unexpected text after the value", help: "put the whole value in quotes")
        }
        return indentation(position)
    }

    private func indentation(_ position: Position) -> YAMLFault? {
        let line = source.line(position.line)
        let indent = line.prefix { $0 == " " }.count
        let isEntry = line.dropFirst(indent).first == "-"
        let numbers = stride(from: position.line - 1, through: 1, by: -1)
        guard let reference = numbers.first(where: { isContent($0) }) else { return nil }
        let above = source.line(reference)
        let outer = above.prefix { $0 == " " }.count
        // The keys of an entry begin after its dash.
        let wanted = isEntry ? outer : above.prefix { $0 == " " || $0 == "-" }.count
        guard wanted != indent else { return nil }
        func spaces(_ count: Int) -> String { "\(count) space\(count == 1 ? "" : "s")" }
        return .init(
            Position(line: position.line, column: indent + 1),
            "the line is indented by \(spaces(indent)), which does "
                + "not match the lines above",
            help: wanted == 0
                ? "remove the indentation, as in line \(reference)"
                : "to continue line \(reference), indent it by \(spaces(wanted))")
    }

    private func isContent(_ number: Int) -> Bool {
        source.line(number).first { $0 != " " }.map { $0 != "#" } ?? false
    }

    // MARK: Other problems

    /// The parser reports the first position of the key; the diagnostic points at the second, which is the one to fix.
    private func duplicate(_ name: String, _ first: Position) -> YAMLFault {
        let key = Array(name.unicodeScalars)
        for number in stride(from: first.line + 1, through: source.lineCount, by: 1) {
            let rest = source.line(number).dropFirst(first.column - 1)
            if rest.starts(with: key), rest.dropFirst(key.count).first == ":" {
                return .init(
                    .init(line: number, column: first.column), "'\(name)' is already set in line \(first.line)",
                    help: "remove one of them", width: key.count)
            }
        }
        return .init(first, "'\(name)' is set twice", help: "remove one of them", width: key.count)
    }

    private func help(_ problem: String, _ line: [Unicode.Scalar]) -> String? {
        if line.contains("\t") { return "YAML does not allow tabs for indentation: use spaces" }
        if problem.contains("mapping values are not allowed") { return "put the text in quotes if it contains ': '" }
        if problem.contains("cannot start any token") { return "put the text in quotes" }
        if problem.contains("block scalar") || problem.contains("comment or line break") {
            return "put a text that begins with '>' or '|' in quotes"
        }
        if problem.contains("could not find expected ':'") { return "write ':' and a space after a key" }
        return nil
    }
}

/// Finds the bracket that closes another one, past quotes and comments.
struct BracketScan {
    private let source: SourceFile

    init(_ source: SourceFile) { self.source = source }

    /// The first bracket that closes the one at `start`, whether or not it is of the same kind; nil if there is none.
    func end(of start: Position) -> Unicode.Scalar? {
        var depth = 0
        var quote: Unicode.Scalar?
        for number in stride(from: start.line, through: source.lineCount, by: 1) {
            var before: Unicode.Scalar = " "
            let first = number == start.line ? start.column - 1 : 0
            scalars: for scalar in source.line(number).dropFirst(first) {
                defer { before = scalar }
                if let open = quote {
                    if scalar == open, before != "\\" || open == "'" { quote = nil }
                    continue
                }
                switch scalar {
                case "#" where before == " " || before == "\t": break scalars
                case "\"", "'":
                    if " \t[{,:".unicodeScalars.contains(before) { quote = scalar }
                case "{", "[": depth += 1
                case "}", "]":
                    depth -= 1
                    if depth == 0 { return scalar }
                default: break
                }
            }
        }
        return nil
    }
}
