/// A position in a file: line and column count from 1, columns in Unicode scalars.
package struct Position: Hashable, Comparable, Sendable {
    package var line: Int
    package var column: Int

    package init(line: Int, column: Int) {
        (self.line, self.column) = (line, column)
    }

    package static func < (left: Position, right: Position) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// An error or a warning about a policy file: what is wrong, where, and what to write instead.
package struct Diagnostic: Hashable, Sendable {
    package enum Severity: String, Sendable {
        case error, warning
    }

    package var severity: Severity
    package var position: Position
    /// How many columns the error covers, at least 1.
    package var width: Int
    package var message: String
    package var help: String?
    /// The file, if it is not the policy itself but one that the policy names.
    package var source: SourceFile?

    package init(
        _ severity: Severity, at position: Position, width: Int = 1, _ message: String, help: String? = nil
    ) {
        self.severity = severity
        self.position = position
        self.width = max(1, width)
        self.message = message
        self.help = help
    }
}
