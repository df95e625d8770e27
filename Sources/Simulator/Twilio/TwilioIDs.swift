import Model

/// The ids of the simulated Twilio API, in the documented format.
enum TwilioIDs {
    private static let digits = Array("0123456789abcdefghjkmnpqrstvwxyz".unicodeScalars)

    /// The id with this number; deterministic.
    static func id(_ kind: String, _ number: Int) -> String {
        var text = ""
        var rest = number
        for _ in 0..<25 {
            text.unicodeScalars.insert(digits[rest % 32], at: text.unicodeScalars.startIndex)
            rest /= 32
        }
        return "comms_\(kind)_0\(text)"
    }

    /// True if the text has the documented format: `^comms_<kind>_[0-7][a-hjkmnpqrstv-z0-9]{25,34}$`.
    static func isOne(_ text: String, of kind: String) -> Bool {
        guard text.hasPrefix("comms_\(kind)_") else { return false }
        let rest = text.unicodeScalars.dropFirst("comms_\(kind)_".unicodeScalars.count)
        guard (26...35).contains(rest.count), let first = rest.first, ("0"..."7").contains(first) else { return false }
        return rest.allSatisfy { digits.contains($0) }
    }
}
