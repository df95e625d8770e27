import Guard
import Ledger
import Model
import Notifications
import Policy
import Reporting

/// Queues notifications for events, and stores what the notifier reports; nothing here waits.
extension GuardLoop {
    mutating func route(_ event: JournalEvent) {
        guard surroundings.notifications != nil else { return }
        let labels = router.needsLabels ? labels(of: event) : nil
        router.route(event, at: now, labels: labels)
    }

    /// The labels of the event's campaign or group; nil if it concerns neither.
    private func labels(of event: JournalEvent) -> [String: String]? {
        if let id = event.fields[.campaign].flatMap({ CampaignID($0) }) {
            return warden.campaigns.index(of: id).map { warden.campaigns[$0].entry.labels }
        }
        guard let group = event.fields[.group], let sign = group.firstIndex(of: "=") else { return nil }
        return [String(group[..<sign]): String(group[group.index(after: sign)...])]
    }

    /// The records of the current turn, with its notifications, which are also handed to the notifier.
    mutating func takeRecords() -> [LedgerEntry] {
        let routed = router.take()
        if !routed.isEmpty {
            surroundings.notifications?.post(routed, at: now)
            if !routed.items.isEmpty { record(OutboxChange(queued: routed.items)) }
        }
        defer { pendingRecords = [] }
        return pendingRecords
    }

    private mutating func record(_ change: OutboxChange) {
        guard surroundings.ledger != nil else { return }
        pendingRecords.append(LedgerEntry(warden.policy.workspace.name, .outbox(change)))
    }

    mutating func take(_ news: NotifierNews) {
        for event in news.events { log(event) }
        if !news.change.isEmpty { record(news.change) }
        perform([])
    }

    /// The reasons why the daemon is not ready.
    var health: HealthReport {
        var report = HealthReport()
        if let failure = storageFailure {
            report.storage.append(
                "the ledger has not been writable since \(failure.since.toTheSecond): \(failure.reason)")
        }
        if !isReady { report.polls.append("the first round of polls is not complete") }
        report.polls += warden.pollProblems()
        return report
    }
}
