import Yams

/// Reads time zones and times of day.
struct TimeReader {
    let reader: FieldReader

    init(_ reader: FieldReader) {
        self.reader = reader
    }

    /// A zone such as `Europe/Berlin`; nil, and an error, if it is unknown.
    func zone(_ node: Node, _ what: String) -> TimeZoneTable? {
        guard let text = reader.text(node, what) else { return nil }
        if let zone = TimeZoneTable(text) { return zone }
        reader.error(
            TimeZoneTable.unknown(text), help: TimeZoneTable.suggestion(for: text) ?? "for example Europe/Berlin",
            at: node)
        return nil
    }

    /// Minutes since midnight; nil, and an error, if the node is no time such as `08:00`.
    ///
    /// - Parameter allowsEnd: accepts `24:00`.
    func minuteOfDay(_ node: Node, _ what: String, example: String, allowsEnd: Bool = false) -> Int? {
        guard let text = reader.text(node, what) else { return nil }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        if parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 && $0.allSatisfy(\.isWholeNumber) }),
            let hour = Int(parts[0]), let minute = Int(parts[1]), minute < 60,
            hour < 24 || (allowsEnd && hour == 24 && minute == 0)
        {
            return hour * 60 + minute
        }
        reader.error("\(what) '\(text.prefix(40))' is not a time of day", help: "for example \(example)", at: node)
        return nil
    }
}
