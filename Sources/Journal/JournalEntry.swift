package import Model

/// One journal entry: field names and sanitized values, in a fixed order.
package struct JournalEntry: Sendable, Hashable {
    package struct Field: Sendable, Hashable {
        package var name: String
        package var value: String
    }

    /// The `SYSLOG_IDENTIFIER` of every entry.
    package static let identifier = "sendwarden"

    package let kind: EventKind
    package let priority: Priority
    package let at: Instant
    /// `MESSAGE` first; every value is one line of printable text.
    package let fields: [Field]

    /// - Parameter sequence: the number of the entry in this process, from 1, so that a gap is visible.
    package init(_ event: JournalEvent, sequence: Int, at now: Instant) {
        kind = event.kind
        priority = event.priority
        at = now
        var fields = [
            Field(name: "MESSAGE", value: CleanText.cleaned(event.message)),
            Field(name: "MESSAGE_ID", value: event.kind.messageID),
            Field(name: "PRIORITY", value: String(event.priority.rawValue)),
            Field(name: "SYSLOG_IDENTIFIER", value: JournalEntry.identifier),
            Field(name: "SENDWARDEN_EVENT", value: event.kind.rawValue),
            Field(name: "SENDWARDEN_SEQ", value: String(sequence)),
        ]
        for name in JournalField.allCases {
            guard let value = event.fields[name].map(CleanText.cleaned), !value.isEmpty else { continue }
            fields.append(Field(name: name.rawValue, value: value))
        }
        self.fields = fields
    }

    /// The size of the entry in bytes, as sent to journald.
    package var byteCount: Int { fields.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 2 } }

    /// The message.
    package var message: String { fields[0].value }
}

/// Sanitizes untrusted text: one line, printable, bounded.
package enum CleanText {
    /// journalctl omits fields whose name and value together exceed 4096 bytes; the longest field name has 24.
    package static let bytesMax = 4000

    /// Replaces control characters, line breaks and invisible format characters by spaces, and truncates long text.
    package static func cleaned(_ text: String) -> String {
        var cleaned = String.UnicodeScalarView()
        var bytes = 0
        for scalar in text.unicodeScalars {
            let printable: Unicode.Scalar = scalar.isControlling ? " " : scalar
            bytes += UTF8.width(printable)
            guard bytes <= bytesMax - 3 else {
                cleaned.append("…")
                break
            }
            cleaned.append(printable)
        }
        return String(cleaned)
    }

    /// What may be written to a terminal: several lines of any length, with our own colors but no other sequence.
    package static func printed(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 == 0x0a || (0x20..<0x7f).contains($0) }) { return text }
        var cleaned = String.UnicodeScalarView()
        var rest = text.unicodeScalars[...]
        while let scalar = rest.first {
            if scalar == "\u{1b}", let sequence = ownSequences.first(where: { rest.starts(with: $0.unicodeScalars) }) {
                cleaned.append(contentsOf: sequence.unicodeScalars)
                rest = rest.dropFirst(sequence.unicodeScalars.count)
                continue
            }
            cleaned.append(scalar == "\n" || !scalar.isControlling ? scalar : " ")
            rest = rest.dropFirst()
        }
        return String(cleaned)
    }

    /// The colors of our screens, and the sequences that clear them; none hides text or moves it.
    private static let ownSequences =
        ["0", "1", "2", "31", "32", "33"].map { "\u{1b}[\($0)m" } + ["\u{1b}[H\u{1b}[J"]
}
