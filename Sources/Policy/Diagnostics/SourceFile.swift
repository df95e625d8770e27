import Model

/// A policy file's name and text, for diagnostics that quote the line they are about.
package struct SourceFile: Hashable, Sendable {
    /// As given on the command line.
    package let name: String
    package let text: String
    private let lines: [[Unicode.Scalar]]

    package init(name: String, text: String) {
        self.name = name
        self.text = text
        lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.last == "\r" ? Array(line.dropLast()) : Array(line)
        }
    }

    /// The line's scalars without the line break; empty if the file is shorter.
    func line(_ number: Int) -> [Unicode.Scalar] {
        lines.indices.contains(number - 1) ? lines[number - 1] : []
    }

    var lineCount: Int { lines.count }

    /// `file:line:column: error: …`, the source line, a caret, and what to write instead.
    package func render(_ diagnostic: Diagnostic) -> String {
        (diagnostic.source ?? self).quote(diagnostic)
    }

    private func quote(_ diagnostic: Diagnostic) -> String {
        let (line, column) = (diagnostic.position.line, diagnostic.position.column)
        var text = "\(name):\(line):\(column): \(diagnostic.severity.rawValue): \(printable(diagnostic.message))\n"
        let scalars = Secrets.masked(self.line(line))
        let window = SourceFile.excerpt(of: scalars.count, around: column - 1)
        let shown = scalars[window].map { $0 == "\t" ? " " : SourceFile.isPrintable($0) ? $0 : "\u{FFFD}" }
        text += "    " + String(String.UnicodeScalarView(shown)) + "\n"
        let indent = max(0, min(column - 1, scalars.count) - window.lowerBound)
        let width = max(1, min(diagnostic.width, window.upperBound - window.lowerBound - indent))
        text += "    " + String(repeating: " ", count: indent) + "^" + String(repeating: "~", count: width - 1) + "\n"
        if let help = diagnostic.help { text += "    help: \(printable(help))\n" }
        return text
    }

    /// All diagnostics, errors and warnings, in the order of the file; those of other files come last.
    package func render(_ diagnostics: [Diagnostic]) -> String {
        SourceFile.sorted(diagnostics).map(render).joined()
    }

    /// In the order of the policy; those of other files come last.
    package static func sorted(_ diagnostics: [Diagnostic]) -> [Diagnostic] {
        diagnostics.sorted {
            ($0.source?.name ?? "", $0.position) < ($1.source?.name ?? "", $1.position)
        }
    }

    /// The part of a long line that is shown: one terminal width around the error.
    private static func excerpt(of count: Int, around column: Int) -> Range<Int> {
        let widest = 110
        guard count > widest else { return 0..<count }
        let start = max(0, min(column - widest / 2, count - widest))
        return start..<(start + widest)
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .privateUse, .unassigned: false
        default: !scalar.isControlling
        }
    }

    private func printable(_ text: String) -> String {
        let scalars = Secrets.masked(Array(text.unicodeScalars.prefix(1000))).map {
            SourceFile.isPrintable($0) ? $0 : "\u{FFFD}"
        }
        return String(String.UnicodeScalarView(scalars))
    }
}
