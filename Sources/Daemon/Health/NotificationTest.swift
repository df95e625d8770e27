import Model
import Notifications
import Policy
import Threads

/// Sends a test message to one receiver.
package struct NotificationTest {
    package struct Outcome: Codable, Sendable {
        /// False if the policy in use has no such receiver.
        package var isKnown: Bool
        package var isSent: Bool
        package var message: String
    }

    /// Below the time within which the daemon answers every request.
    private static let within: Duration = .seconds(9)

    private let notifications: Notifier?

    init(_ notifications: Notifier?) { self.notifications = notifications }

    func run(_ name: String) async -> Outcome {
        guard let notifications, notifications.receiverNames.contains(name) else {
            let names = notifications?.receiverNames ?? []
            let known =
                names.isEmpty
                ? "; the policy in use has no receivers: add a list 'notify' and reload the policy"
                : NearestName.of(name, in: names).map { "; did you mean \($0)?" }
                    ?? "; the receivers are \(names.joined(separator: ", "))"
            return Outcome(isKnown: false, isSent: false, message: "no receiver is named \(name)\(known)")
        }
        let result = await bounded(by: NotificationTest.within) { await notifications.test(name) }
        switch result ?? nil {
        case .sent:
            return Outcome(isKnown: true, isSent: true, message: "receiver \(name) accepted the test notification")
        case .partlySent(let reason), .failed(let reason, _), .refused(let reason):
            return Outcome(
                isKnown: true, isSent: false,
                message: "receiver \(name) did not accept the test notification: \(reason)")
        case nil:
            return Outcome(
                isKnown: true, isSent: false,
                message: "receiver \(name) did not respond within \(NotificationTest.within.policyText)")
        }
    }
}
