import DequeModule
package import Model

/// A bounded queue of log entries, numbered in order; when it is nearly full, only severe entries are accepted.
///
/// It has no I/O and no clock. A dropped entry uses up its number, so that the gap is visible in the log. Once the
/// reader reads again, one `journal.dropped` entry reports what is missing.
package struct JournalQueue: Sendable {
    /// The capacity of the queue.
    package struct Limits: Sendable {
        /// Enough for 10 000 campaigns that change their state at once.
        package var entriesMax: Int
        /// About 1 KiB per entry, the size of an entry with all fields of a decision.
        package var bytesMax: Int

        package init(entriesMax: Int, bytesMax: Int) {
            self.entriesMax = entriesMax
            self.bytesMax = bytesMax
        }

        /// The daemon's limits; the memory is used only while the reader does not read.
        package static let standard = Limits(entriesMax: 16_384, bytesMax: 16 << 20)

        /// The limits for `notice` and `info`: a quarter is reserved for `warning` and more severe priorities.
        fileprivate var forLowPriority: Limits { Limits(entriesMax: entriesMax * 3 / 4, bytesMax: bytesMax / 4 * 3) }

        /// Half the limits: once the queue is this empty, the reader is reading again.
        fileprivate var half: Limits { Limits(entriesMax: entriesMax / 2, bytesMax: bytesMax / 2) }
    }

    /// Dropped entries that were not reported yet.
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
    /// The gap in the summary that waits or is being written; unreported again if the summary is lost.
    private var reported: Gap?
    /// The kind of the entry that is being written and was not reported as lost.
    private var inFlight: EventKind?
    /// The last write failed, so a summary would be lost, too.
    private var isFailing = false

    /// Entries dropped since the start: the count of missing numbers in the log.
    package private(set) var dropped = 0
    /// Summaries queued since the start.
    package private(set) var summaries = 0

    package init(limits: Limits = .standard) { self.limits = limits }

    /// Entries that wait to be written.
    package var count: Int { waiting.count }

    /// Numbers an event and queues it; false if the queue is full and the event is dropped.
    @discardableResult
    package mutating func offer(_ event: JournalEvent, at now: Instant) -> Bool {
        let entry = numbered(event, at: now)
        let room = event.priority <= .warning ? limits : limits.forLowPriority
        guard waiting.count < room.entriesMax, bytes + entry.byteCount <= room.bytesMax else {
            drop(at: now)
            return false
        }
        append(entry)
        return true
    }

    /// The next entry to write; calling this confirms the previous entry, unless it was reported as lost.
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

    /// Reports that the last entry could not be written; it counts as dropped.
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
            "\(entries) dropped between \(first.rfc3339) and \(last.rfc3339): the log reader was not reading; "
                + "campaigns were still watched; if a ledger is configured, 'sendwarden history' shows the events",
            fields: [.since: first.rfc3339, .reason: "the log reader was not reading"])
    }
}
