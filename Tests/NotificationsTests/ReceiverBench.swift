import Foundation
import Model
import Policy
import Testing

/// Receivers and notifications for tests.
enum ReceiverBench {
    static let start = Instant(milliseconds: 1_796_000_000_000)

    /// The policy with this `notify` list, and the rest of its keys.
    static func policy(_ notify: String, _ rest: String = "") throws -> CheckedPolicy {
        let text = """
            version: 1
            mode: enforce
            workspace: {name: acme, provider: leadterra, credential: key}
            campaigns:
              - {id: camp_1, name: VP Sales, labels: {team: sales}}
              - {id: camp_2, labels: {team: letters}}
            rules: [{name: b, when: bounceRate > 5% and resolved >= 50, then: pause, severity: critical}]
            \(rest)
            notify:
            \(notify)
            """
        let outcome = PolicyLoader.load(SourceFile(name: "p", text: text))
        return try #require(outcome.policy, "\(outcome.diagnostics)")
    }

    static func receivers(_ notify: String) throws -> [Receiver] { try policy(notify).receivers }

    static func webhook(_ name: String = "hook", groupWait: Duration = .seconds(30)) throws -> Receiver {
        try #require(
            try receivers(
                "  - {name: \(name), webhook: {url: 'http://127.0.0.1:1/x'}, group_wait: \(groupWait.policyText)}"
            ).first)
    }

    static func item(
        _ id: Int64, to receiver: String = "hook", after seconds: Int = 0, _ kind: EventKind = .ruleFiring,
        _ message: String = "m", fields: [JournalField: String] = [:]
    ) -> OutboxItem {
        OutboxItem(
            id: id, receiver: receiver, at: start + .seconds(seconds), kind: .event, name: kind.rawValue,
            priority: kind.priority, message: message,
            fields: Dictionary(uniqueKeysWithValues: fields.map { ($0.key.rawValue, $0.value) }))
    }

    static func json(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }
}
