import Model
import Reporting

/// Builds the journal entries about receivers.
enum ReceiverReport {
    private static func count(_ number: Int) -> String { "\(number) notification\(number == 1 ? "" : "s")" }

    static func failed(
        _ receiver: String, _ reason: String, since: Instant, for duration: Duration, _ waiting: Int
    ) -> JournalEvent {
        let rest = waiting == 0 ? "" : "; \(count(waiting)) \(waiting == 1 ? "is" : "are") waiting"
        return JournalEvent(
            .notifyFailed,
            "receiver \(receiver) has accepted no notification for \(duration.spokenText): \(reason)\(rest); "
                + "Sendwarden keeps trying", fields: [.receiver: receiver, .reason: reason, .since: since.toTheSecond])
    }

    static func recovered(_ receiver: String, after duration: Duration, waiting: Int) -> JournalEvent {
        let rest = waiting == 0 ? "" : "; \(count(waiting)) follow\(waiting == 1 ? "s" : "")"
        return JournalEvent(
            .notifyRecovered, "receiver \(receiver) accepts notifications again after \(duration.spokenText)\(rest)",
            fields: [.receiver: receiver])
    }

    static func dropped(
        _ receiver: String, _ number: Int, _ reason: Outbox.DropReason, _ limits: Outbox.Limits
    ) -> JournalEvent {
        let why =
            switch reason {
            case .full: "more than \(limits.countMax) were waiting, or they exceeded \(limits.bytesMax >> 10) KiB"
            case .flood: "more than \(NotificationRouter.perTurnMax) events at once"
            case .old: "the receiver did not accept them within \(limits.ageMax.spokenText)"
            case .refused(let reason): "the receiver refused the message: \(reason)"
            case .recipients(let reason): reason
            case .removed: "the policy in use no longer has this receiver"
            }
        let what =
            if case .recipients = reason { "\(count(number)) did not reach all recipients of" } else {
                "\(count(number)) dropped for"
            }
        return JournalEvent(
            .notifyDropped, "\(what) receiver \(receiver): \(why); 'sendwarden history' shows the events",
            fields: [.receiver: receiver, .reason: why])
    }
}
