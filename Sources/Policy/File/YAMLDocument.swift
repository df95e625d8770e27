package import Yams

/// Reads YAML into nodes with positions, and bounds what a hostile file can cost.
package enum YAMLDocument {
    /// The largest policy file, in bytes; enough for ten thousand campaigns.
    static let bytesMax = 1 << 20
    /// The most aliases in a file.
    static let aliasesMax = 100

    /// The root node, or why the file is not YAML.
    package static func compose(_ source: SourceFile) -> Result<Node, YAMLFault> {
        if let fault = aliasFault(source) { return .failure(fault) }
        do {
            // The basic resolver leaves scalars as text; the policy's readers interpret them.
            let parser = try Parser(yaml: source.text, resolver: .basic, encoding: .utf8)
            guard let node = try parser.singleRoot() else {
                return .failure(.init(.init(line: 1, column: 1), "the file is empty", help: firstLines))
            }
            return .success(node)
        } catch let error as YamlError {
            return .failure(fault(error, source))
        } catch {
            return .failure(.init(.init(line: 1, column: 1), "the file cannot be read as YAML"))
        }
    }

    static let firstLines = "a policy starts with 'version: 1'; see man sendwarden-policy, or config/policy.yaml"

    /// Refuses keys that are aliases or collections, and bounds aliases that are values.
    ///
    /// The parser hashes keys recursively, so nested aliases as keys would take exponential time.
    private static func aliasFault(_ source: SourceFile) -> YAMLFault? {
        var anchors = 0
        var aliases: [Position] = []
        var complexKey: Position?
        for number in 1...max(1, source.lineCount) {
            let line = source.line(number)
            for (index, scalar) in line.enumerated() {
                let next = index + 1 < line.count ? line[index + 1] : " "
                guard index == 0 || startsToken(after: line[index - 1]) else { continue }
                switch scalar {
                case "&" where isAnchorName(next): anchors += 1
                case "*" where isAnchorName(next):
                    let position = Position(line: number, column: index + 1)
                    aliases.append(position)
                    let end = line[(index + 1)...].drop { isAnchorName($0) && $0 != ":" }
                    if end.drop(while: { $0 == " " }).first == ":" { complexKey = complexKey ?? position }
                case "?" where next == " " || next == "\t":
                    complexKey = complexKey ?? Position(line: number, column: index + 1)
                default: break
                }
            }
        }
        guard anchors > 0, let last = aliases.last else { return nil }
        if aliases.count > aliasesMax {
            return .init(last, "the file has \(aliases.count) aliases; the limit is \(aliasesMax)")
        }
        return complexKey.map {
            .init($0, "an alias or a collection cannot be a key", help: "write the key as plain text")
        }
    }

    private static func startsToken(after scalar: Unicode.Scalar) -> Bool {
        " \t[{,:-?".unicodeScalars.contains(scalar)
    }

    private static func isAnchorName(_ scalar: Unicode.Scalar) -> Bool {
        !" \t,[]{}".unicodeScalars.contains(scalar)
    }

    private static func fault(_ error: YamlError, _ source: SourceFile) -> YAMLFault {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            let position = Position(line: max(1, mark.line), column: max(1, mark.column))
            if problem.contains("another document") {
                return .init(position, "the file has a second document", help: "a policy is one document: remove '---'")
            }
            if problem.contains("nesting level") {
                return .init(
                    position, "the file is nested too deeply", help: "check the brackets and the indentation here")
            }
            return .init(position, "invalid YAML: \(problem)", help: help(problem, source.line(position.line)))
        case .reader(let problem, let offset, let value, let yaml):
            let before = offset.map { yaml.prefix($0) } ?? ""
            let line = before.count { $0.isNewline } + 1
            let column = before.split(separator: "\n", omittingEmptySubsequences: false).last?.unicodeScalars.count ?? 0
            let byte = value >= 0 ? " (U+\(String(value, radix: 16, uppercase: true)))" : ""
            return .init(.init(line: line, column: column + 1), "invalid YAML: \(problem)\(byte)")
        case .duplicatedKeysInMapping(let names, let context):
            return duplicate(names.first ?? "", context.mark, source)
        case .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
            return .init(.init(line: 1, column: 1), "the file cannot be read as YAML")
        }
    }

    /// The parser reports the first position of the key; the diagnostic points at the second, which is the one to fix.
    private static func duplicate(_ name: String, _ first: Mark, _ source: SourceFile) -> YAMLFault {
        let key = Array(name.unicodeScalars)
        let start = max(0, first.column - 1)
        for number in stride(from: first.line + 1, through: source.lineCount, by: 1) {
            let rest = source.line(number).dropFirst(start)
            if rest.starts(with: key), rest.dropFirst(key.count).first == ":" {
                return .init(
                    .init(line: number, column: first.column), "'\(name)' is already set in line \(first.line)",
                    help: "remove one of them", width: key.count)
            }
        }
        return .init(
            .init(line: max(1, first.line), column: max(1, first.column)), "'\(name)' is set twice",
            help: "remove one of them", width: key.count)
    }

    private static func help(_ problem: String, _ line: [Unicode.Scalar]) -> String? {
        if line.contains("\t") { return "YAML does not allow tabs for indentation: use spaces" }
        if problem.contains("mapping values are not allowed") { return "put the text in quotes if it contains ': '" }
        if problem.contains("cannot start any token") { return "put the text in quotes" }
        if problem.contains("block scalar") || problem.contains("comment or line break") {
            return "put a text that begins with '>' or '|' in quotes"
        }
        if problem.contains("could not find expected ':'") { return "write ':' and a space after a key" }
        if problem.contains("expected <block end>") { return "check the indentation of this line" }
        return nil
    }
}

/// Why a file is not YAML, and where.
package struct YAMLFault: Error {
    package var position: Position
    package var message: String
    package var help: String?
    package var width: Int

    init(_ position: Position, _ message: String, help: String? = nil, width: Int = 1) {
        self.position = position
        self.message = message
        self.help = help
        self.width = width
    }
}
