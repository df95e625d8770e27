import Journal

/// Escapes text for XML and HTML.
enum MarkupText {
    /// The text as one line without control characters, markup characters escaped.
    static func escaped(_ text: String) -> String {
        CleanText.cleaned(text).reduce(into: "") { escaped, character in
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
