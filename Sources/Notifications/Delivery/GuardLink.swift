package import Model
package import Policy
package import Reporting

/// What the notifier reports to the decision loop.
package struct NotifierNews: Sendable {
    /// For the ledger.
    package var change = OutboxChange()
    /// Events about receivers.
    package var events: [JournalEvent] = []

    package init() {}

    package var isEmpty: Bool { change.isEmpty && events.isEmpty }
}

/// The notifier's access to the decision loop and the ledger; each call may wait, and only the notifier waits for it.
package struct GuardLink: Sendable {
    package var report: @Sendable (NotifierNews) async -> Void
    /// The guard's state and its policy; nil if the daemon is stopping.
    package var state: @Sendable () async -> (status: GuardStatus, policy: CheckedPolicy)?
    /// Why campaigns are not guarded, one clause each; empty if they are, nil if the loop does not respond.
    package var problems: @Sendable () async -> [String]?
    /// Notifications that an earlier process left; nil if they cannot be read now.
    package var stored: @Sendable () async -> [OutboxItem]?
    /// The events of the last day that a summary lists.
    package var past: @Sendable () async -> [DayBook.Entry]

    package init(
        report: @escaping @Sendable (NotifierNews) async -> Void,
        state: @escaping @Sendable () async -> (status: GuardStatus, policy: CheckedPolicy)?,
        problems: @escaping @Sendable () async -> [String]?,
        stored: @escaping @Sendable () async -> [OutboxItem]? = { [] },
        past: @escaping @Sendable () async -> [DayBook.Entry] = { [] }
    ) {
        (self.report, self.state, self.problems) = (report, state, problems)
        (self.stored, self.past) = (stored, past)
    }
}
