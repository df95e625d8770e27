import Journal

/// Escapes text for XML and HTML.
package enum MarkupText {
    /// The text as one line without control characters, markup characters escaped; long text is truncated.
    package static func escaped(_ text: String) -> String { escapedWhole(CleanText.cleaned(text)) }

    /// The text with markup characters escaped, whatever its length.
    static func escapedWhole(_ text: String) -> String {
        text.reduce(into: "") { escaped, character in
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            default: escaped.append(character)
            }
        }
    }
}
