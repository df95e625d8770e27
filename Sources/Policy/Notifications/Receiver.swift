package import Model

/// A receiver of notifications.
package struct Receiver: Hashable, Sendable {
    /// How the receiver is reached.
    package enum Channel: Hashable, Sendable {
        case webhook(Webhook)
        case alertmanager(Alertmanager)
        case email(Email)
    }

    /// An HTTP POST with a JSON body.
    package struct Webhook: Hashable, Sendable {
        package enum Format: String, CaseIterable, Sendable {
            case json, slack, teams
        }

        package var url: Address
        package var format: Format
        /// Replaces the format's body; nil without a template.
        package var body: BodyTemplate?
        /// Contains the value of the Authorization header.
        package var credential: Workspace.Credential?
    }

    /// Alertmanager's API, version 2.
    package struct Alertmanager: Hashable, Sendable {
        /// Without `/api/v2/alerts`.
        package var url: Address
        package var credential: Workspace.Credential?
    }

    /// A local mail transfer agent.
    package struct Email: Hashable, Sendable {
        package var to: [String]
        package var from: String
        package var host: String
        package var port: Int
    }

    /// Where a URL is read from, because URLs of webhooks are often secrets.
    package enum Address: Hashable, Sendable {
        case inline(WebURL)
        case stored(Workspace.Credential)
    }

    /// When the daily summary is sent.
    package struct Summary: Hashable, Sendable {
        /// Minutes since midnight.
        package var minuteOfDay: Int
        /// The name of a known time zone.
        package var timeZone: String
    }

    package var name: String
    /// The minimum severity.
    package var severity: Priority
    /// Names of events, or of groups of events such as `campaign`; empty for all.
    package var events: [String]
    /// The labels that an event's campaign must have; empty for all events.
    package var labels: [String: String]
    /// Events within this time are sent as one message.
    package var groupWait: Duration
    /// Nil without a daily summary.
    package var summary: Summary?
    package var channel: Channel

    package static let groupWaitDefault: Duration = .seconds(30)

    /// True if the receiver gets such an event.
    ///
    /// - Parameter labels: those of the event's campaign or group; nil if it concerns neither.
    package func takes(_ kind: EventKind, _ priority: Priority, labels found: () -> [String: String]?) -> Bool {
        guard priority <= severity else { return false }
        let name = kind.rawValue
        guard events.isEmpty || events.contains(where: { $0 == name || name.hasPrefix($0 + ".") }) else {
            return false
        }
        guard !labels.isEmpty else { return true }
        return found()?.hasAll(labels) ?? false
    }
}

/// A URL that is requested regularly while the guard is healthy.
package struct Heartbeat: Hashable, Sendable {
    package enum Method: String, CaseIterable, Sendable {
        case get = "GET"
        case post = "POST"
    }

    package var url: Receiver.Address
    package var every: Duration
    package var method: Method
}
