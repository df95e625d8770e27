import Journal

/// Text as it may stand in XML and HTML.
enum MarkupText {
    /// One clean line, its marks escaped.
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
