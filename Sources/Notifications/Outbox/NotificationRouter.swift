package import Model
package import Policy

/// Turns events into notifications for the receivers whose filters they pass.
///
/// Used by the decision loop, so it neither waits nor keeps more than ``perTurnMax`` notifications per receiver.
package struct NotificationRouter: Sendable {
    /// The notifications of one turn of the loop.
    package struct Routed: Sendable {
        package var items: [OutboxItem] = []
        /// How many more there were, by receiver.
        package var skipped: [String: Int] = [:]
        /// Receivers of conditions that may have begun or ended.
        package var nudged: Set<String> = []
        /// What a summary lists.
        package var story: [DayBook.Entry] = []

        package var isEmpty: Bool { items.isEmpty && nudged.isEmpty && story.isEmpty }
    }

    /// The most notifications of one turn for one receiver; an outage of the platform can concern every campaign.
    package static let perTurnMax = 200

    private var receivers: [Receiver] = []
    private var hasSummaries = false
    /// True if a receiver filters by labels.
    package private(set) var needsLabels = false
    private var lastID: Int64
    private var routed = Routed()
    private var counts: [String: Int] = [:]

    /// - Parameter start: the time of the process's start, which makes its ids differ from those of earlier processes.
    package init(startedAt start: Instant) { lastID = start.milliseconds &* 1_000_000 }

    package mutating func adopt(_ receivers: [Receiver]) {
        self.receivers = receivers
        hasSummaries = receivers.contains { $0.summary != nil }
        needsLabels = receivers.contains { !$0.labels.isEmpty }
    }

    /// - Parameter labels: those of the event's campaign or group; nil if it concerns neither.
    package mutating func route(_ event: JournalEvent, at now: Instant, labels: [String: String]?) {
        if hasSummaries, DayBook.contains(event.kind), routed.story.count < NotificationRouter.perTurnMax {
            routed.story.append(
                DayBook.Entry(at: now, kind: event.kind, campaign: event.fields[.campaign], message: event.message))
        }
        for receiver in receivers where receiver.takes(event.kind, event.priority, labels: { labels }) {
            // A receiver that fails would only wait longer for the report of its failure.
            if event.fields[.receiver] == receiver.name { continue }
            if case .alertmanager = receiver.channel, AlertCondition.isReported(event) {
                routed.nudged.insert(receiver.name)
                continue
            }
            guard counts[receiver.name, default: 0] < NotificationRouter.perTurnMax else {
                routed.skipped[receiver.name, default: 0] += 1
                continue
            }
            counts[receiver.name, default: 0] += 1
            lastID += 1
            let fields = Dictionary(uniqueKeysWithValues: event.fields.map { ($0.key.rawValue, $0.value) })
            routed.items.append(
                OutboxItem(
                    id: lastID, receiver: receiver.name, at: now, kind: .event, name: event.kind.rawValue,
                    priority: event.priority, message: event.message, fields: fields))
        }
    }

    /// Removes and returns what was routed since the last call.
    package mutating func take() -> Routed {
        defer { (routed, counts) = (Routed(), [:]) }
        return routed
    }
}
