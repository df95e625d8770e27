import DequeModule
package import Model

/// Entries on their way to the log: numbered in their order, bounded, and dropped mildest first.
///
/// It has no I/O and no clock. A dropped entry uses up its number, so that a reader sees the gap; once entries are
/// taken again, one `journal.dropped` says what is missing.
package struct JournalQueue: Sendable {
    /// How much may wait.
    package struct Limits: Sendable {
        /// Every campaign of a policy of 10 000 may change its state at once.
        package var entriesMax: Int
        /// About 1 KiB an entry, the size of one with all that a decision carries.
        package var bytesMax: Int

        package init(entriesMax: Int, bytesMax: Int) {
            self.entriesMax = entriesMax
            self.bytesMax = bytesMax
        }

        /// What the daemon runs with; held in memory only while nobody reads.
        package static let standard = Limits(entriesMax: 16_384, bytesMax: 16 << 20)

        /// What `notice` and `info` may fill: a quarter stays free for `warning` and graver.
        fileprivate var forMild: Limits { Limits(entriesMax: entriesMax * 3 / 4, bytesMax: bytesMax / 4 * 3) }

        /// Half of it: a reader that has taken that much is back, and not just taking one entry.
        fileprivate var half: Limits { Limits(entriesMax: entriesMax / 2, bytesMax: bytesMax / 2) }
    }

    /// What has been dropped and is not reported yet.
    private struct Gap: Sendable {
        var count: Int
        var first: Instant
        var last: Instant

        mutating func merge(_ other: Gap) {
            count += other.count
            first = min(first, other.first)
            last = max(last, other.last)
        }
    }

    private let limits: Limits
    private var waiting: Deque<JournalEntry> = []
    private var bytes = 0
    private var sequence = 0
    private var gap: Gap?
    /// What the one summary says that waits or is being written; open again where that is lost.
    private var reported: Gap?
    /// The entry that is being written, and has not been reported as lost.
    private var inFlight: EventKind?
    /// The last write failed, so that a summary would be lost as well.
    private var isFailing = false

    /// Entries dropped since the start; as many as numbers are missing in the log.
    package private(set) var dropped = 0
    /// Summaries queued since the start.
    package private(set) var summaries = 0

    package init(limits: Limits = .standard) { self.limits = limits }

    /// Entries that wait to be written.
    package var count: Int { waiting.count }

    /// Numbers an event and queues it; false where there is no room, and it is dropped.
    @discardableResult
    package mutating func offer(_ event: JournalEvent, at now: Instant) -> Bool {
        let entry = numbered(event, at: now)
        let room = event.priority <= .warning ? limits : limits.forMild
        guard waiting.count < room.entriesMax, bytes + entry.byteCount <= room.bytesMax else {
            drop(at: now)
            return false
        }
        append(entry)
        return true
    }

    /// The next entry to write; taking it confirms the one before, unless that was reported as lost.
    package mutating func next(at now: Instant) -> JournalEntry? {
        if let inFlight {
            isFailing = false
            if inFlight == .journalDropped { reported = nil }
        }
        if let gap, reported == nil, !isFailing, waiting.count <= limits.half.entriesMax, bytes <= limits.half.bytesMax
        {
            append(numbered(JournalQueue.summary(gap.count, gap.first, gap.last), at: now))
            summaries += 1
            reported = gap
            self.gap = nil
        }
        let entry = waiting.popFirst()
        bytes -= entry?.byteCount ?? 0
        inFlight = entry?.kind
        return entry
    }

    /// The entry that was last taken could not be written, and counts as dropped.
    package mutating func lost(_ entry: JournalEntry, at now: Instant) {
        (inFlight, isFailing) = (nil, true)
        drop(at: now)
        if entry.kind == .journalDropped, let reported {
            gap?.merge(reported)
            self.reported = nil
        }
    }

    private mutating func numbered(_ event: JournalEvent, at now: Instant) -> JournalEntry {
        sequence += 1
        return JournalEntry(event, sequence: sequence, at: now)
    }

    private mutating func append(_ entry: JournalEntry) {
        waiting.append(entry)
        bytes += entry.byteCount
    }

    private mutating func drop(at now: Instant) {
        dropped += 1
        let one = Gap(count: 1, first: now, last: now)
        if gap == nil { gap = one } else { gap?.merge(one) }
    }

    private static func summary(_ count: Int, _ first: Instant, _ last: Instant) -> JournalEvent {
        let entries = count == 1 ? "1 log entry was" : "\(count) log entries were"
        return JournalEvent(
            .journalDropped,
            "\(entries) dropped between \(first.rfc3339) and \(last.rfc3339): the reader of the log did not take them; "
                + "campaigns were guarded all the same; 'sendwarden history' shows the events, if there is a ledger",
            fields: [.since: first.rfc3339, .reason: "the reader of the log did not take them"])
    }
}
