package import Model

/// One entry as it goes out: names and cleaned values, in a fixed order.
package struct JournalEntry: Sendable, Hashable {
    package struct Field: Sendable, Hashable {
        package var name: String
        package var value: String
    }

    /// What every entry of ours says it is from.
    package static let identifier = "sendwarden"

    package let kind: EventKind
    package let priority: Priority
    package let at: Instant
    /// `MESSAGE` first; every value is one line of printable text.
    package let fields: [Field]

    /// - Parameter sequence: counts every entry of this process from 1, so that a reader sees a gap.
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

    /// The entry's size in bytes, as journald receives it.
    package var byteCount: Int { fields.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 2 } }

    /// The sentence.
    package var message: String { fields[0].value }
}

/// Makes text from outside harmless: one line, printable, bounded.
package enum CleanText {
    /// journalctl shows no field whose name and value exceed 4096 bytes together; our longest name has 24.
    package static let bytesMax = 4000

    /// Control characters, line breaks and invisible format characters become spaces; what is too long is cut.
    package static func cleaned(_ text: String) -> String {
        var cleaned = String.UnicodeScalarView()
        var bytes = 0
        for scalar in text.unicodeScalars {
            let kept: Unicode.Scalar = isPrintable(scalar) ? scalar : " "
            bytes += UTF8.width(kept)
            guard bytes <= bytesMax - 3 else {
                cleaned.append("…")
                break
            }
            cleaned.append(kept)
        }
        return String(cleaned)
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        // Format characters can reverse or hide the text around them.
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: false
        default: true
        }
    }
}
