import FoundationEssentials
import Model
package import Policy

/// Writes the JSON bodies of webhooks.
package enum WebhookBody {
    package static func text(_ message: NotificationMessage, _ webhook: Receiver.Webhook) -> String {
        if let template = webhook.body {
            return template.filled(
                BodyTemplate.Values(
                    title: message.title, text: message.text, severity: message.priority.word,
                    receiver: message.receiver, count: message.items.count, events: events(message)))
        }
        return switch webhook.format {
        case .json: json(message)
        case .slack: slack(message)
        case .teams: teams(message)
        }
    }

    private static func json(_ message: NotificationMessage) -> String {
        "{\"version\":1,\"receiver\":\(JSONText.quoted(message.receiver)),"
            + "\"severity\":\(JSONText.quoted(message.priority.word)),\"title\":\(JSONText.quoted(message.title)),"
            + "\"text\":\(JSONText.quoted(message.text)),\"events\":\(events(message))}"
    }

    /// The events with their fields, as a JSON array.
    private static func events(_ message: NotificationMessage) -> String {
        let events = message.items.map { item in
            let fields = item.fields.sorted { $0.key < $1.key }.map {
                "\(JSONText.quoted($0.key)):\(JSONText.quoted($0.value))"
            }
            let severity = Priority(rawValue: item.priority)?.word ?? "info"
            return "{\"id\":\"\(item.id)\",\"at\":\"\(item.at.rfc3339)\",\"event\":\(JSONText.quoted(item.name)),"
                + "\"severity\":\(JSONText.quoted(severity)),\"message\":\(JSONText.quoted(item.message)),"
                + "\"fields\":{\(fields.joined(separator: ","))}}"
        }
        return "[\(events.joined(separator: ","))]"
    }

    /// Also understood by Mattermost.
    private static func slack(_ message: NotificationMessage) -> String {
        let text = "*Sendwarden:* \(mrkdwn(message.title))"
        return "{\"text\":\(JSONText.quoted(message.isOneEvent ? text : text + "\n" + mrkdwn(message.text)))}"
    }

    /// Escapes what Slack interprets; names from outside must not notify a whole channel.
    private static func mrkdwn(_ text: String) -> String {
        var escaped = text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
        // Mattermost's mentions; an invisible space makes them plain text.
        for word in ["channel", "all", "here", "everyone"] {
            escaped = escaped.replacing("@\(word)", with: "@\u{200b}\(word)")
        }
        return escaped
    }

    /// An adaptive card, for Teams' workflows; its text blocks show Markdown.
    private static func teams(_ message: NotificationMessage) -> String {
        let blocks = [block(message.title, isTitle: true)] + message.lines.map { block($0, isTitle: false) }
        let shown = message.isOneEvent ? Array(blocks.prefix(1)) : blocks
        return "{\"type\":\"message\",\"attachments\":[{"
            + "\"contentType\":\"application/vnd.microsoft.card.adaptive\",\"content\":{"
            + "\"$schema\":\"http://adaptivecards.io/schemas/adaptive-card.json\",\"type\":\"AdaptiveCard\","
            + "\"version\":\"1.4\",\"body\":[\(shown.joined(separator: ","))]}}]}"
    }

    private static func block(_ text: String, isTitle: Bool) -> String {
        var escaped = ""
        for character in text {
            if "\\`*_[]<>#".contains(character) { escaped.append("\\") }
            escaped.append(character)
        }
        let style = isTitle ? "\"weight\":\"bolder\"," : ""
        return "{\"type\":\"TextBlock\",\(style)\"wrap\":true,\"text\":\(JSONText.quoted(escaped))}"
    }
}
