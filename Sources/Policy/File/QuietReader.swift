import Model
import Yams

/// Reads `quiet:`, of the policy or of a workspace.
struct QuietReader {
    /// More windows than a week of any team has.
    static let windowsMax = 50
    /// In the order of ``QuietWindow/weekdays``.
    static let days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
    /// A week in winter and one in summer.
    private static let weeks = [Instant(milliseconds: 1_768_348_800_000), Instant(milliseconds: 1_784_073_600_000)]

    let reader: FieldReader

    init(_ reader: FieldReader) {
        self.reader = reader
    }

    func quietHours(_ node: Node) -> QuietHours {
        let nodes = reader.elements(node, of: "quiet", countMax: QuietReader.windowsMax)
        let hours = QuietHours(nodes.compactMap(window))
        let isAlways = QuietReader.weeks.contains { hours.spell(at: $0).map { $0.until == nil } ?? false }
        if isAlways {
            reader.warning(
                "quiet hours leave no time of the week, so nothing is ever started or resumed",
                help: "shorten one of them; to start nothing, write mode: observe", at: node)
        }
        return hours
    }

    private func window(_ node: Node) -> QuietWindow? {
        let hints = [
            "days": "did you mean 'weekdays'?", "timezone": "did you mean 'tz'?", "zone": "did you mean 'tz'?",
        ]
        guard
            let fields = reader.fields(
                node, of: "quiet hours", known: ["weekdays", "from", "to", "tz"], hints: hints)
        else { return nil }
        let times = TimeReader(reader)
        let from = fields["from"].map { times.minuteOfDay($0, "from", example: "from: \"18:00\"") } ?? 0
        let to =
            fields["to"].map { times.minuteOfDay($0, "to", example: "to: \"08:00\"", allowsEnd: true) } ?? 24 * 60
        let weekdays = fields["weekdays"].map(weekdays) ?? Set(0...6)
        let zone = reader.required(
            "tz", fields, ifMissing: "the quiet hours have no 'tz'",
            help: "add their time zone, for example 'tz: Europe/Berlin'"
        ).flatMap { times.zone($0, "tz") }
        if let from, let to, from == to, let node = fields["to"] {
            reader.error(
                "'from' and 'to' are the same time", help: "for whole days, remove both", at: node)
            return nil
        }
        guard let from, let to, let weekdays, let zone else { return nil }
        return QuietWindow(weekdays: weekdays, from: from, to: to, zone: zone)
    }

    // MARK: Days

    /// `sat`, `mon-fri`, or a list of these.
    private func weekdays(_ node: Node) -> Set<Int>? {
        guard node.sequence != nil else { return range(node) }
        let nodes = reader.elements(node, of: "weekdays", countMax: QuietReader.days.count)
        if nodes.isEmpty {
            if node.sequence?.isEmpty == true {
                reader.error("'weekdays' is empty", help: "remove it to mean every day", at: node)
            }
            return nil
        }
        let ranges = nodes.map(range)
        return ranges.contains(nil) ? nil : ranges.reduce(into: []) { $0.formUnion($1 ?? []) }
    }

    private func range(_ node: Node) -> Set<Int>? {
        guard let text = reader.text(node, "weekdays") else { return nil }
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        let days = parts.map { part in QuietReader.days.firstIndex(of: String(part)) }
        guard (1...2).contains(days.count), let first = days[0], let last = days[days.count - 1] else {
            let words = parts.map { $0.lowercased().filter { $0 != " " }.prefix(3) }
            let isClose = (1...2).contains(words.count) && words.allSatisfy { QuietReader.days.contains(String($0)) }
            reader.error(
                "'\(text.prefix(40))' is not a day of the week",
                help: isClose
                    ? "write \(words.joined(separator: "-"))"
                    : "write sun, mon, tue, wed, thu, fri or sat, a range such as mon-fri, or a list of these",
                at: node)
            return nil
        }
        return Set((0...(last - first + 7) % 7).map { (first + $0) % 7 })
    }
}
