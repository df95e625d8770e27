extension Unicode.Scalar {
    /// True for a character that can hide, reorder or change the text around it instead of being shown: control and
    /// format characters, and separators of lines and paragraphs.
    package var isControlling: Bool {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: true
        default: false
        }
    }

    /// As Unicode writes it: `U+202E`.
    package var codePoint: String {
        let digits = String(value, radix: 16, uppercase: true)
        return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
