package import Yams

/// Reads YAML into nodes with positions, and bounds what a hostile file can cost.
package enum YAMLDocument {
    /// The largest policy file, in bytes; enough for ten thousand campaigns.
    static let bytesMax = 1 << 20
    /// The most aliases in a file.
    static let aliasesMax = 100

    /// The root node, or why the file is not YAML.
    package static func compose(_ source: SourceFile) -> Result<Node, YAMLFault> {
        switch root(source, after: 0) {
        case .success(let node?): .success(node)
        case .success(nil): .failure(.init(.init(line: 1, column: 1), "the file is empty", help: firstLines))
        case .failure(let fault): .failure(fault)
        }
    }

    /// The root node, nil if the file is empty, or why the file is not YAML.
    ///
    /// - Parameter lines: how many lines of other files precede it; its nodes count them, faults do not.
    static func root(_ source: SourceFile, after lines: Int) -> Result<Node?, YAMLFault> {
        if let fault = aliasFault(source) { return .failure(fault) }
        do {
            // The parser alone can number lines; blank lines before a document mean nothing.
            let text = lines == 0 ? source.text : String(repeating: "\n", count: lines) + source.text
            // The basic resolver leaves scalars as text; the policy's readers interpret them.
            let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
            return .success(try parser.singleRoot())
        } catch let error as YamlError {
            return .failure(BrokenYAML(source, linesBefore: lines).fault(error))
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

    /// The fault as an error in a file that the policy names.
    func diagnostic(in source: SourceFile?) -> Diagnostic {
        var diagnostic = Diagnostic(.error, at: position, width: width, message, help: help)
        diagnostic.source = source
        return diagnostic
    }
}
