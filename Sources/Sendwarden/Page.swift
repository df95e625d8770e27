import Journal

/// Formats text for a terminal of a given width.
struct Page {
    var width: Int
    var isColored: Bool

    /// The width and colors of stdout.
    static var terminal: Page { Page(width: Terminal.width, isColored: Terminal.isColored) }

    enum Tint: String {
        case plain = "0"
        case bold = "1"
        case bad = "31"
        case good = "32"
        case doubtful = "33"
        case faint = "2"
    }

    func tinted(_ line: String, _ tint: Tint) -> String {
        isColored && tint != .plain ? "\u{1b}[\(tint.rawValue)m\(line)\u{1b}[0m" : line
    }

    /// The text wrapped to the width; lines after the first are indented by `hanging` more.
    func wrapped(_ text: String, indent: Int = 0, hanging: Int = 0) -> [String] {
        let (first, rest) = (String(repeating: " ", count: indent), String(repeating: " ", count: indent + hanging))
        var lines: [String] = []
        var line = first
        var isEmpty = true
        for word in CleanText.cleaned(text).split(separator: " ") {
            if !isEmpty, line.count + 1 + word.count > width {
                lines.append(line)
                (line, isEmpty) = (rest, true)
            }
            line += (isEmpty ? "" : " ") + word
            isEmpty = false
        }
        return lines + (isEmpty ? [] : [line])
    }

    /// The line cut to the width.
    func cut(_ line: String) -> String { Page.shortened(line, to: width) }

    static func shortened(_ text: String, to length: Int) -> String {
        text.count <= length ? text : text.prefix(length - 1) + "…"
    }

    /// The rows as aligned columns; rows that exceed the width are cut.
    func table(_ rows: [[String]], isRight: [Bool], firstMax: Int? = nil) -> [String] {
        let longest = firstMax ?? max(16, width * 3 / 10)
        let rows = rows.map { [Page.shortened($0[0], to: longest)] + $0.dropFirst() }
        let columns = isRight.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = row.enumerated().map { index, cell in
                let padding = String(repeating: " ", count: columns[index] - cell.count)
                return isRight[index] ? padding + cell : cell + padding
            }
            return cut(cells.joined(separator: "  ").withoutTrailingSpaces)
        }
    }
}

extension String {
    var withoutTrailingSpaces: String {
        var text = self[...]
        while text.last == " " { text = text.dropLast() }
        return String(text)
    }
}
