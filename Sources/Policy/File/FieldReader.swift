package import Model
package import Yams

/// Reads the fields of a policy file one by one and remembers all that is wrong with them.
package final class FieldReader {
    /// So many faults are told; a file with more has one cause that repeats.
    static let diagnosticsMax = 50
    /// The longest name of anything, in characters.
    static let nameLengthMax = 100

    package let source: SourceFile
    package private(set) var diagnostics: [Diagnostic] = []

    package init(_ source: SourceFile) {
        self.source = source
    }

    package var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }

    // MARK: Telling

    package func error(_ message: String, help: String? = nil, at node: Node) {
        add(Diagnostic(.error, at: position(node), width: width(node), message, help: help))
    }

    package func warning(_ message: String, help: String? = nil, at node: Node) {
        add(Diagnostic(.warning, at: position(node), width: width(node), message, help: help))
    }

    package func add(_ diagnostic: Diagnostic) {
        guard diagnostics.count < FieldReader.diagnosticsMax else { return }
        diagnostics.append(diagnostic)
    }

    package func position(_ node: Node) -> Position {
        guard let mark = node.mark else { return Position(line: 1, column: 1) }
        return Position(line: max(1, mark.line), column: max(1, mark.column))
    }

    private func width(_ node: Node) -> Int {
        guard let scalar = node.scalar else { return 1 }
        let isQuoted = scalar.style == .singleQuoted || scalar.style == .doubleQuoted
        return scalar.string.unicodeScalars.prefix { $0 != "\n" }.count + (isQuoted ? 2 : 0)
    }

    // MARK: Shapes

    /// A mapping whose keys are all among `known` and `deprecated`; nil, and an error, where the node is not a mapping.
    ///
    /// - Parameters:
    ///   - deprecated: keys that are accepted, but that no message suggests.
    ///   - hints: what to write instead of a common wrong key.
    package func fields(
        _ node: Node, of what: String, known: [String], deprecated: [String] = [], hints: [String: String] = [:]
    ) -> Fields? {
        guard let mapping = node.mapping else {
            error("\(what) must be a mapping of keys to values", help: "keys are \(list(known))", at: node)
            return nil
        }
        var fields = Fields(node: node)
        for (key, value) in mapping {
            guard let name = key.scalar?.string else {
                error("a key must be a plain word", at: key)
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

    /// The elements of a list of at most `countMax`; an error where it is none or longer.
    package func elements(_ node: Node, of what: String, countMax: Int) -> [Node] {
        guard let sequence = node.sequence else {
            if isNull(node) { return [] }
            error("\(what) must be a list", help: "begin each entry with '- '", at: node)
            return []
        }
        guard sequence.count <= countMax else {
            error("\(what) has \(sequence.count) entries; at most \(countMax) are read", at: node)
            return []
        }
        return Array(sequence)
    }

    package func isNull(_ node: Node) -> Bool {
        guard let scalar = node.scalar, scalar.style == .plain else { return false }
        return ["", "~", "null"].contains(scalar.string)
    }

    func list(_ names: [String]) -> String { names.joined(separator: ", ") }

    /// The text of a scalar; nil, and an error, where the node is none or empty.
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

    /// A name for people: short, and without anything that a terminal or a log could take for more than text.
    package func name(_ node: Node, _ what: String) -> String? {
        guard let text = text(node, what) else { return nil }
        guard text.count <= FieldReader.nameLengthMax else {
            error("\(what) has \(text.count) characters; at most \(FieldReader.nameLengthMax) are read", at: node)
            return nil
        }
        guard text.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control }) else {
            error("\(what) contains a control character", help: "names are one line of plain text", at: node)
            return nil
        }
        return text
    }

    package func identifier<ID: PlatformIdentifier>(_ node: Node, _ what: String) -> ID? {
        guard let text = text(node, what) else { return nil }
        guard let id = ID(text) else {
            error(
                "\(what) '\(text.prefix(40))' cannot stand in a URL path",
                help: "ids have 1 to \(ID.lengthMax) characters of A-Z a-z 0-9 . _ ~ -", at: node)
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
                    ? "give it a unit: \(text.prefix(10))s or \(text.prefix(10))m" : "for instance 90s, 2m, 4h, 7d",
                at: node)
            return nil
        }
        guard range.contains(duration) else {
            error(
                "\(what) must lie between \(range.lowerBound.policyText) and \(range.upperBound.policyText)", at: node)
            return nil
        }
        return duration
    }

    package func instant(_ node: Node, _ what: String) -> Instant? {
        guard let text = text(node, what) else { return nil }
        guard let instant = Instant(rfc3339: text) else {
            error(
                "\(what) '\(text.prefix(40))' is not a date and time with a zone",
                help: "for instance 2026-12-01T09:00:00Z",
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

    /// `5%` or `0.05`, strictly above 0 and at most 1.
    func ratio(_ node: Node, _ what: String) -> Double? {
        guard let text = text(node, what) else { return nil }
        let isPercent = text.hasSuffix("%")
        let digits = isPercent ? String(text.dropLast()) : text
        guard let number = Double(digits.trimmingSpaces), number.isFinite else {
            error("\(what) '\(text.prefix(40))' is not a ratio", help: "for instance 20% or 0.2", at: node)
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

    /// The value of a key that must be there; an error where it is not, unless its misspelling has been told.
    package func required(_ key: String, _ fields: Fields, orTell message: String, help: String? = nil) -> Node? {
        if let node = fields[key] { return node }
        if !fields.misspelled.contains(key) { error(message, help: help, at: fields.node) }
        return nil
    }

    // MARK: Expressions

    private static let commaHelp = "within {…} a comma ends the value: put the condition in quotes"

    /// True where a condition within `{…}` was cut in two at a comma of its own.
    private func isCutByComma(_ node: Node, _ error: ExpressionError) -> Bool {
        guard error.isUnclosed, let scalar = node.scalar, scalar.style == .plain else { return false }
        let position = position(node)
        let end = position.column - 1 + scalar.string.unicodeScalars.count
        return source.line(position.line).dropFirst(end).first == ","
    }

    /// A condition within a scalar; its faults are told where they stand in the file.
    func condition(_ node: Node, _ what: String, scope: UnitChecker.Scope) -> Condition? {
        guard let text = text(node, what) else { return nil }
        let checked = UnitChecker.check(text, scope: scope)
        let map = ScalarPositions(node: node, source: source)
        for error in checked.errors {
            add(
                Diagnostic(
                    .error, at: map.position(of: error.span.start), width: error.span.end - error.span.start,
                    error.message, help: isCutByComma(node, error) ? FieldReader.commaHelp : error.help))
        }
        guard let condition = checked.condition else { return nil }
        if Satisfiability.isNeverTrue(condition) {
            error("\(what) can never be true", help: "counts are at least 0 and rates lie within 0% and 100%", at: node)
            return nil
        }
        if Satisfiability.isAlwaysTrue(condition) {
            error(
                "\(what) is true whatever the numbers are", help: "compare with a limit that data can stay under",
                at: node)
            return nil
        }
        return condition
    }
}

/// The known keys of a mapping.
package struct Fields {
    /// The mapping itself, for faults that no single key has.
    package let node: Node
    package var values: [String: Node] = [:]
    /// The keys' own nodes, for faults of a key as such.
    package var keys: [String: Node] = [:]
    /// Known keys that an unknown one was most likely meant to be.
    var misspelled: Set<String> = []

    package subscript(_ key: String) -> Node? { values[key] }

    /// The key's node, or the mapping's where the key is absent.
    package func key(_ name: String) -> Node { keys[name] ?? node }
}

extension StringProtocol {
    /// Without the spaces at both ends.
    var trimmingSpaces: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
