import Model
import Notifications

/// Renders the metrics about the daemon's own health and about notifications.
enum HealthMetrics {
    static func text(isReady: Bool, at now: Instant, _ notifications: Notifier.Tallies?) -> String {
        var text = MetricsText()
        text.gauge(
            "sendwarden_heartbeat_timestamp_seconds",
            "When the decision loop last responded, in seconds since 1970; an old value means that it hangs.",
            Double(now.milliseconds) / 1000)
        text.gauge("sendwarden_ready", "1 if /readyz reports no problem.", isReady ? 1 : 0)
        guard let notifications else { return text.text }
        let receivers = notifications.receivers
        text.family(
            "sendwarden_notifications_total", .counter,
            "Notifications sent and dropped, and failed attempts, by receiver.",
            receivers.flatMap { tally in
                [("sent", tally.sent), ("failed", tally.failed), ("dropped", tally.dropped)].map {
                    (receiver: tally.receiver, result: $0.0, count: $0.1)
                }
            }, labels: { ["receiver": $0.receiver, "result": $0.result] }, value: { Double($0.count) })
        text.family(
            "sendwarden_notifications_waiting", .gauge, "Notifications that are waiting in the outbox.", receivers,
            labels: { ["receiver": $0.receiver] }, value: { Double($0.waiting) })
        text.family(
            "sendwarden_notifications_oldest_age_seconds", .gauge,
            "The age of the oldest waiting notification; 0 if none is waiting.", receivers,
            labels: { ["receiver": $0.receiver] }, value: { max(0, $0.oldestAge.seconds) })
        text.family(
            "sendwarden_notify_failing", .gauge, "1 if the receiver has accepted nothing for five minutes.", receivers,
            labels: { ["receiver": $0.receiver] }, value: { $0.isFailing ? 1 : 0 })
        text.family("sendwarden_heartbeat_requests_total", .counter, "Requests to the heartbeat's URL.")
        if let heartbeats = notifications.heartbeats {
            text.sample("sendwarden_heartbeat_requests_total", Double(heartbeats.sent), ["result": "sent"])
            text.sample("sendwarden_heartbeat_requests_total", Double(heartbeats.failed), ["result": "failed"])
        }
        return text.text
    }
}
