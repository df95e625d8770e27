import Yams

/// Maps the characters of a scalar's value to positions in the file, for every scalar style.
///
/// Quotes, escapes and folded lines make the value differ from the source.
struct ScalarPositions {
    private let positions: [Position]
    private let fallback: Position

    /// - Parameter start: the scalar's position in its file.
    init(node: Node, at start: Position, source: SourceFile) {
        fallback = start
        guard let scalar = node.scalar else {
            positions = []
            return
        }
        var cursor = Cursor(source: source, line: fallback.line, column: fallback.column)
        switch scalar.style {
        case .literal, .folded: cursor.skipLine()
        case .singleQuoted, .doubleQuoted: cursor.advance()
        case .any, .plain: break
        }
        var positions: [Position] = []
        for scalar in scalar.string.unicodeScalars {
            if scalar.properties.isWhitespace {
                positions.append(cursor.position)
                cursor.skipWhitespace()
            } else {
                cursor.seek(scalar)
                positions.append(cursor.position)
                cursor.advance()
            }
        }
        self.positions = positions
    }

    /// The position of the value's character at `offset`, or just after the value for its end.
    func position(of offset: Int) -> Position {
        if positions.indices.contains(offset) { return positions[offset] }
        guard let last = positions.last else { return fallback }
        return Position(line: last.line, column: last.column + 1)
    }

    private struct Cursor {
        let source: SourceFile
        var line: Int
        var column: Int

        var position: Position { Position(line: line, column: column) }

        private var isAtEnd: Bool { line > source.lineCount }

        private var current: Unicode.Scalar {
            let scalars = source.line(line)
            return scalars.indices.contains(column - 1) ? scalars[column - 1] : "\n"
        }

        mutating func advance() {
            if column > source.line(line).count {
                skipLine()
            } else {
                column += 1
            }
        }

        mutating func skipLine() {
            line += 1
            column = 1
        }

        mutating func skipWhitespace() {
            while !isAtEnd, current.properties.isWhitespace { advance() }
        }

        /// Moves to the next such character; does not move if the rest of the file has none.
        mutating func seek(_ wanted: Unicode.Scalar) {
            let start = self
            while !isAtEnd {
                if current == wanted { return }
                advance()
            }
            self = start
        }
    }
}
