package import Model
package import Yams

/// Reads the fields of a policy file and collects every diagnostic about them.
package final class FieldReader {
    /// The most diagnostics reported for one file; a file with more repeats one mistake.
    static let diagnosticsMax = 50
    /// The longest name, in characters.
    package static let nameLengthMax = 100

    package private(set) var diagnostics: [Diagnostic] = []
    private var lines: SourceLines

    package init(_ source: SourceFile) { lines = SourceLines(source) }

    // MARK: Files

    /// The file itself, without those that it includes.
    package var source: SourceFile { lines.files[0] }

    /// Adds a file whose nodes are read, too; returns how many lines to put before it, so that its lines are its own.
    func include(_ source: SourceFile) -> Int { lines.add(source) }

    /// The index of the node's file: 0 for the file itself, then the included files in their order.
    func fileIndex(_ node: Node) -> Int { node.mark.map { lines.file(ofLine: $0.line) } ?? 0 }

    /// The node's file.
    func source(of node: Node) -> SourceFile { lines.files[fileIndex(node)] }

    /// `line 4`, or `policy.d/rules.yaml, line 4` if the node is in another file than `reference`.
    func place(_ node: Node, from reference: Node) -> String {
        let line = "line \(position(node).line)"
        return fileIndex(node) == fileIndex(reference) ? line : "\(source(of: node).name), \(line)"
    }

    package var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }

    // MARK: Diagnostics

    package func error(_ message: String, help: String? = nil, at node: Node) {
        add(Diagnostic(.error, at: position(node), width: width(node), message, help: help), in: node)
    }

    package func warning(_ message: String, help: String? = nil, at node: Node) {
        add(Diagnostic(.warning, at: position(node), width: width(node), message, help: help), in: node)
    }

    /// Adds a diagnostic once, even if several rules share what it is about.
    package func add(_ diagnostic: Diagnostic) {
        guard diagnostics.count < FieldReader.diagnosticsMax, !diagnostics.contains(diagnostic) else { return }
        diagnostics.append(diagnostic)
    }

    /// Adds a diagnostic about the node's file.
    func add(_ diagnostic: Diagnostic, in node: Node) {
        var diagnostic = diagnostic
        let index = fileIndex(node)
        if index > 0 { diagnostic.source = lines.files[index] }
        add(diagnostic)
    }

    /// The node's position in its own file.
    package func position(_ node: Node) -> Position {
        guard let mark = node.mark else { return Position(line: 1, column: 1) }
        return Position(line: max(1, lines.localLine(mark.line)), column: max(1, mark.column))
    }

    private func width(_ node: Node) -> Int {
        guard let scalar = node.scalar else { return 1 }
        let isQuoted = scalar.style == .singleQuoted || scalar.style == .doubleQuoted
        return scalar.string.unicodeScalars.prefix { $0 != "\n" }.count + (isQuoted ? 2 : 0)
    }

    // MARK: Types

    /// A mapping whose keys are all among `known` and `deprecated`; nil, and an error, if it is not a mapping.
    ///
    /// - Parameters:
    ///   - deprecated: keys that are accepted, but that no message suggests.
    ///   - hints: what to write instead of a common wrong key.
    package func fields(
        _ node: Node, of what: String, known: [String], deprecated: [String] = [], hints: [String: String] = [:]
    ) -> Fields? {
        guard let mapping = node.mapping else {
            error("\(what) must be a mapping", help: "keys are \(list(known))", at: node)
            return nil
        }
        var fields = Fields(node: node)
        for (key, value) in mapping {
            guard let name = key.scalar?.string else {
                error("a key must be a scalar", at: key)
                continue
            }
            if known.contains(name) || deprecated.contains(name) {
                fields.values[name] = value
                fields.keys[name] = key
            } else if let hint = hints[name] {
                fields.misspelled.formUnion(known.filter { hint.contains("'\($0)'") })
                error("unknown key '\(name)' in \(what)", help: hint, at: key)
            } else {
                let nearest = NearestName.of(name, in: known)
                if let nearest { fields.misspelled.insert(nearest) }
                let help = name.contains(")") ? FieldReader.commaHelp : nearest.map { "did you mean '\($0)'?" }
                error("unknown key '\(name)' in \(what)", help: help ?? "keys are \(list(known))", at: key)
            }
        }
        return fields
    }

    /// The elements of a list; an error if the node is not a list or has more than `countMax` elements.
    package func elements(_ node: Node, of what: String, countMax: Int) -> [Node] {
        guard let sequence = node.sequence else {
            if isNull(node) { return [] }
            error("\(what) must be a list", help: "start each entry with '- '", at: node)
            return []
        }
        guard sequence.count <= countMax else {
            error("\(what) has \(sequence.count) entries; the limit is \(countMax)", at: node)
            return []
        }
        return Array(sequence)
    }

    package func isNull(_ node: Node) -> Bool {
        guard let scalar = node.scalar, scalar.style == .plain else { return false }
        return ["", "~", "null"].contains(scalar.string)
    }

    func list(_ names: [String]) -> String { names.joined(separator: ", ") }

    /// The text of a scalar; nil, and an error, if the node is not a scalar or is empty.
    package func text(_ node: Node, _ what: String) -> String? {
        guard let scalar = node.scalar else {
            error("\(what) must be a single value", at: node)
            return nil
        }
        guard !isNull(node), !scalar.string.isEmpty else {
            error("\(what) is empty", at: node)
            return nil
        }
        return scalar.string
    }

    /// A name for display: short, and free of characters that change how a terminal or a log shows it.
    package func name(_ node: Node, _ what: String) -> String? {
        guard let text = text(node, what) else { return nil }
        guard text.count <= FieldReader.nameLengthMax else {
            error("\(what) has \(text.count) characters; the limit is \(FieldReader.nameLengthMax)", at: node)
            return nil
        }
        if let scalar = text.unicodeScalars.first(where: \.isControlling) {
            let kind = scalar.properties.generalCategory == .control ? "a control character" : "an invisible character"
            error(
                "\(what) contains \(kind), \(scalar.codePoint)", help: "remove it: write one line of plain text",
                at: node)
            return nil
        }
        return text
    }

    package func identifier<ID: PlatformIdentifier>(_ node: Node, _ what: String) -> ID? {
        guard let text = text(node, what) else { return nil }
        guard let id = ID(text) else {
            error(
                "\(what) '\(text.prefix(40))' is not a valid id",
                help: "an id has 1 to \(ID.lengthMax) of the characters A-Z a-z 0-9 . _ ~ -", at: node)
            return nil
        }
        return id
    }

    package func duration(_ node: Node, _ what: String, in range: ClosedRange<Duration>) -> Duration? {
        guard let text = text(node, what) else { return nil }
        guard let duration = Duration(policyText: text) else {
            let isBare = text.allSatisfy { $0.isNumber }
            error(
                "\(what) '\(text.prefix(40))' is not a duration",
                help: isBare
                    ? "give it a unit: \(text.prefix(10))s or \(text.prefix(10))m" : "for example 90s, 2m, 4h or 7d",
                at: node)
            return nil
        }
        guard range.contains(duration) else {
            error(
                "\(what) must be between \(range.lowerBound.policyText) and \(range.upperBound.policyText)", at: node)
            return nil
        }
        return duration
    }

    package func instant(_ node: Node, _ what: String) -> Instant? {
        guard let text = text(node, what) else { return nil }
        guard let instant = Instant(rfc3339: text) else {
            error(
                "\(what) '\(text.prefix(40))' is not a date and time with a time zone",
                help: "for example 2026-12-01T09:00:00Z",
                at: node)
            return nil
        }
        return instant
    }

    package func integer(_ node: Node, _ what: String, in range: ClosedRange<Int>) -> Int? {
        guard let text = text(node, what) else { return nil }
        guard let value = Int(text), range.contains(value) else {
            error(
                "\(what) '\(text.prefix(40))' is not a whole number from \(range.lowerBound) to \(range.upperBound)",
                at: node)
            return nil
        }
        return value
    }

    /// `5%` or `0.05`; above 0 and at most 1.
    func ratio(_ node: Node, _ what: String) -> Double? {
        guard let text = text(node, what) else { return nil }
        let isPercent = text.hasSuffix("%")
        let digits = isPercent ? String(text.dropLast()) : text
        guard let number = Double(digits.trimmingSpaces), number.isFinite else {
            error("\(what) '\(text.prefix(40))' is not a ratio", help: "for example 20% or 0.2", at: node)
            return nil
        }
        let value = isPercent ? number / 100 : number
        guard value > 0, value <= 1 else {
            error(
                "\(what) must be above 0% and at most 100%",
                help: !isPercent && number > 1 ? "did you mean \(text.prefix(10))%?" : nil, at: node)
            return nil
        }
        return value
    }

    package func choice<Choice: RawRepresentable & CaseIterable>(_ node: Node, _ what: String) -> Choice?
    where Choice.RawValue == String {
        guard let text = text(node, what) else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        let known = Choice.allCases.map(\.rawValue)
        let nearest = NearestName.of(text, in: known).map { "did you mean '\($0)'?" }
        error(
            "\(what) cannot be '\(text.prefix(40))'", help: nearest ?? "write \(known.joined(separator: " or "))",
            at: node)
        return nil
    }

    /// The value of a required key; an error if it is missing, unless a misspelling of it was already reported.
    package func required(_ key: String, _ fields: Fields, ifMissing message: String, help: String? = nil) -> Node? {
        if let node = fields[key] { return node }
        if !fields.misspelled.contains(key) { error(message, help: help, at: fields.node) }
        return nil
    }
}

/// The known keys of a mapping.
package struct Fields {
    /// The mapping itself, for diagnostics that are not about a single key.
    package let node: Node
    package var values: [String: Node] = [:]
    /// The nodes of the keys themselves, for diagnostics about a key.
    package var keys: [String: Node] = [:]
    /// Known keys that an unknown key most likely misspells.
    var misspelled: Set<String> = []

    package subscript(_ key: String) -> Node? { values[key] }

    /// False if the key of a list of campaigns is misspelled, so that its campaigns are unknown.
    var hasCampaignList: Bool { misspelled.isDisjoint(with: ["campaigns", "campaigns_file", "include"]) }

    /// The key's node, or the mapping's if the key is absent.
    package func key(_ name: String) -> Node { keys[name] ?? node }
}

extension StringProtocol {
    /// Without leading and trailing spaces.
    var trimmingSpaces: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
