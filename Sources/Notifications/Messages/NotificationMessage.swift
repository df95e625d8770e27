import Journal
package import Model

/// The words of one message about one or more events.
package struct NotificationMessage: Sendable, Hashable {
    /// One line.
    package var title: String
    /// One line for each event.
    package var lines: [String]
    /// The most severe priority.
    package var priority: Priority
    package var receiver: String
    package var items: [OutboxItem]

    /// The most events with a line of their own; the message stays below the limits of chat services.
    private static let linesMax = 20
    /// The longest line, in characters.
    private static let lineLengthMax = 500
    private static let titleLengthMax = 200

    package init(_ items: [OutboxItem], to receiver: String, at now: Instant) {
        self.receiver = receiver
        self.items = items
        priority = items.compactMap { Priority(rawValue: $0.priority) }.min() ?? .info
        lines = items.prefix(NotificationMessage.linesMax).flatMap { NotificationMessage.lines(of: $0, at: now) }
        let rest = items.count - NotificationMessage.linesMax
        if rest > 0 { lines.append("and \(rest) more; 'sendwarden history' shows all") }
        title = NotificationMessage.title(items)
    }

    /// True if the title says everything.
    var isOneEvent: Bool { items.count == 1 && items[0].kind == .event }

    package var text: String { lines.joined(separator: "\n") }

    private static func lines(of item: OutboxItem, at now: Instant) -> [String] {
        switch item.kind {
        case .event:
            let word = Priority(rawValue: item.priority)?.word ?? "info"
            return ["\(item.at.shortText(on: now)) \(word): \(clean(item.message, lineLengthMax))"]
        case .summary: return item.message.split(separator: "\n").map { clean(String($0), lineLengthMax) }
        case .test: return [clean(item.message, lineLengthMax)]
        }
    }

    private static func title(_ items: [OutboxItem]) -> String {
        if let only = items.first, items.count == 1 {
            switch only.kind {
            case .event: return clean(only.message, titleLengthMax)
            case .summary: return "daily summary"
            case .test: return "test notification"
            }
        }
        var names: [String] = []
        var counts: [String: Int] = [:]
        // Pauses first: a phone shows only the beginning.
        let sorted = items.sorted {
            ($0.isUrgent ? 0 : 1, $0.priority, $0.id) < ($1.isUrgent ? 0 : 1, $1.priority, $1.id)
        }
        for item in sorted {
            if counts[item.name] == nil { names.append(item.name) }
            counts[item.name, default: 0] += 1
        }
        let parts = names.prefix(4).map { "\(counts[$0] ?? 0) \($0)" }
        return "\(items.count) events: " + parts.joined(separator: ", ") + (names.count > 4 ? ", …" : "")
    }

    /// One printable line: names of campaigns come from outside.
    private static func clean(_ text: String, _ lengthMax: Int) -> String {
        let cleaned = CleanText.cleaned(text)
        return cleaned.count <= lengthMax ? cleaned : cleaned.prefix(lengthMax - 1) + "…"
    }
}
