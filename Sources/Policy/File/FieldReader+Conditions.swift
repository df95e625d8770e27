import Yams

/// Reads conditions.
extension FieldReader {
    static let commaHelp = "a comma ends a value inside {…}: put the condition in quotes"

    /// True if a comma of its own ended a condition inside `{…}`.
    private func isCutByComma(_ node: Node, _ error: ExpressionError) -> Bool {
        guard error.isUnclosed, let scalar = node.scalar, scalar.style == .plain else { return false }
        let position = position(node)
        let end = position.column - 1 + scalar.string.unicodeScalars.count
        return source(of: node).line(position.line).dropFirst(end).first == ","
    }

    /// A condition in a scalar; errors point at the position in the file.
    func condition(_ node: Node, _ what: String, scope: UnitChecker.Scope) -> Condition? {
        guard text(node, what) != nil else { return nil }
        var source = ConditionSource()
        source.append(node)
        return condition(source, what, scope: scope, at: node)
    }

    /// - Parameter node: where errors about the whole condition point.
    func condition(_ text: ConditionSource, _ what: String, scope: UnitChecker.Scope, at node: Node) -> Condition? {
        let checked = UnitChecker.check(text.text, scope: scope)
        for error in checked.errors {
            let place = text.place(of: error.span.start) ?? (node, 0)
            let positions = ScalarPositions(
                node: place.node, at: position(place.node), source: source(of: place.node))
            add(
                Diagnostic(
                    .error, at: positions.position(of: place.offset), width: error.span.end - error.span.start,
                    error.message, help: isCutByComma(place.node, error) ? FieldReader.commaHelp : error.help),
                in: place.node)
        }
        guard let condition = checked.condition else { return nil }
        if Satisfiability.isNeverTrue(condition) {
            error(
                "\(what) can never be true", help: "counts are at least 0, and rates are between 0% and 100%", at: node)
            return nil
        }
        if Satisfiability.isAlwaysTrue(condition) {
            error(
                "\(what) is always true", help: "compare with a limit that the value can stay below",
                at: node)
            return nil
        }
        return condition
    }
}
