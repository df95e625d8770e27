import Model

/// The formats of entries on stderr.
package enum EntryFormat {
    /// One line: `2026-12-01T09:00:00Z warning campaign.paused: paused camp_123 …`.
    package static func text(_ entry: JournalEntry) -> String {
        "\(entry.at.rfc3339) \(entry.priority.word) \(entry.kind.rawValue): \(entry.message)"
    }

    /// One JSON object in the format of `journalctl -o json`: every value is a string.
    package static func json(_ entry: JournalEntry) -> String {
        var line = "{\"__REALTIME_TIMESTAMP\":\"\(entry.at.milliseconds)000\""
        for field in entry.fields { line += ",\(JSONText.quoted(field.name)):\(JSONText.quoted(field.value))" }
        return line + "}"
    }
}
