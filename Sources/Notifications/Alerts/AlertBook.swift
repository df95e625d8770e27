import Journal
package import Model
package import Policy

/// An alert as Alertmanager's API has it.
package struct Alert: Sendable, Hashable {
    /// Identify the alert.
    package var labels: [String: String]
    package var annotations: [String: String]
    package var startsAt: Instant
    package var endsAt: Instant
}

/// The alerts of one receiver: those that hold, and those that ended recently.
///
/// Alertmanager expects alerts to be sent again while they hold, and considers them resolved once `endsAt` has passed.
package struct AlertBook: Sendable {
    /// How often the alerts that hold are sent.
    package static let interval: Duration = .seconds(60)
    /// Alertmanager resolves an alert that is not sent again for this long, as with Prometheus: four intervals.
    private static let lifetime: Duration = .seconds(240)
    /// Resolved alerts are sent this long, in case one message is lost.
    private static let resolvedFor: Duration = .seconds(900)
    /// The most alerts; a request stays below a few hundred KiB.
    package static let countMax = 1000
    /// How long an event without an end is shown.
    private static let eventLifetime: Duration = .seconds(600)

    private var active: [[String: String]: Alert] = [:]
    private var resolved: [[String: String]: Alert] = [:]

    package init() {}

    /// Takes up the current conditions; returns the alerts to send.
    package mutating func update(_ conditions: [AlertCondition], for receiver: Receiver, at now: Instant) -> [Alert] {
        let wanted = conditions.filter { condition in
            receiver.takes(condition.kind, condition.priority, labels: { condition.labels })
        }.sorted { $0.priority < $1.priority }.prefix(AlertBook.countMax)
        var current: [[String: String]: Alert] = [:]
        for condition in wanted {
            let labels = AlertBook.labels(of: condition)
            let startsAt = min(condition.since ?? active[labels]?.startsAt ?? now, now)
            current[labels] = Alert(
                labels: labels, annotations: ["summary": CleanText.cleaned(condition.message)], startsAt: startsAt,
                endsAt: now + AlertBook.lifetime)
            resolved[labels] = nil
        }
        for (labels, alert) in active where current[labels] == nil {
            var alert = alert
            alert.endsAt = now
            resolved[labels] = alert
        }
        resolved = resolved.filter { now - $0.value.endsAt <= AlertBook.resolvedFor }
        active = current
        return (Array(current.values) + Array(resolved.values)).sorted { $0.sortKey < $1.sortKey }
    }

    private static func labels(of condition: AlertCondition) -> [String: String] {
        let optional = [
            ("workspace", condition.workspace), ("campaign", condition.campaign?.text),
            ("pool", condition.pool?.text), ("rule", condition.rule), ("group", condition.group),
        ]
        var labels = base(condition.kind.rawValue, condition.priority)
        for (name, value) in optional { labels[name] = value.map(CleanText.cleaned) }
        return labels
    }

    private static func base(_ name: String, _ priority: Priority) -> [String: String] {
        ["alertname": name, "severity": priority.word, "job": "sendwarden"]
    }

    /// The alert for an event that has no end.
    package static func alert(for item: OutboxItem, at now: Instant) -> Alert {
        var labels = base(item.name, Priority(rawValue: item.priority) ?? .info)
        let fields: [(String, JournalField)] = [
            ("workspace", .workspace), ("campaign", .campaign), ("pool", .pool), ("rule", .rule), ("group", .group),
            ("receiver", .receiver),
        ]
        for (name, field) in fields { labels[name] = item.fields[field.rawValue].map(CleanText.cleaned) }
        return Alert(
            labels: labels, annotations: ["summary": CleanText.cleaned(item.message)], startsAt: item.at,
            endsAt: max(item.at + eventLifetime, now + eventLifetime / 2))
    }

    /// The body of a request.
    package static func body(_ alerts: [Alert]) -> String {
        func object(_ pairs: [String: String]) -> String {
            let fields = pairs.sorted { $0.key < $1.key }.map {
                "\(JSONText.quoted($0.key)):\(JSONText.quoted($0.value))"
            }
            return "{\(fields.joined(separator: ","))}"
        }
        let texts = alerts.map { alert in
            "{\"labels\":\(object(alert.labels)),\"annotations\":\(object(alert.annotations)),"
                + "\"startsAt\":\"\(alert.startsAt.rfc3339)\",\"endsAt\":\"\(alert.endsAt.rfc3339)\"}"
        }
        return "[\(texts.joined(separator: ","))]"
    }
}

extension Alert {
    fileprivate var sortKey: String {
        labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
    }
}
