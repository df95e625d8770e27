package import Model

/// The events of the last day that a summary lists.
package struct DayBook: Sendable {
    package struct Entry: Sendable, Hashable {
        package var at: Instant
        package var kind: EventKind
        package var campaign: String?
        package var message: String

        package init(at: Instant, kind: EventKind, campaign: String?, message: String) {
            (self.at, self.kind, self.campaign, self.message) = (at, kind, campaign, message)
        }
    }

    /// The kinds that a summary lists, each with its heading.
    package static let headings: [(kind: EventKind, heading: String)] = [
        (.campaignPaused, "paused"), (.campaignResumed, "resumed"), (.launchHeld, "launches held"),
        (.launchReleased, "launches started"),
    ]

    package static let period: Duration = .seconds(86400)
    /// More than a person reads; bounds the memory.
    package static let entriesMax = 500

    private(set) var entries: [Entry] = []

    package init() {}

    package static func contains(_ kind: EventKind) -> Bool { headings.contains { $0.kind == kind } }

    mutating func add(_ more: [Entry], at now: Instant) {
        entries = (entries + more).filter { now - $0.at <= DayBook.period }.suffix(DayBook.entriesMax)
    }

    /// Adds what an earlier process reported.
    mutating func restore(_ past: [Entry], at now: Instant) {
        let own = entries
        entries = []
        add(past + own, at: now)
    }
}
