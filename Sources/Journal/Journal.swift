import Glibc
package import Model
import Synchronization
import Threads

/// The program's log: the systemd journal, or lines on stderr.
package final class Journal: Sendable {
    /// The format of the entries.
    package enum Format: String, CaseIterable, Sendable {
        case journal, text, json
    }

    /// Counts of entries since the start.
    package struct Tally: Sendable, Hashable {
        /// Dropped entries; their sequence numbers are missing in the log.
        package var dropped: Int
        /// `journal.dropped` entries that report them.
        package var summaries: Int
    }

    /// How entries reach their reader.
    private enum Outlet: Sendable {
        case thread(JournalWriter)
        case direct(DirectOutlet)
    }

    private let outlet: Outlet

    /// Writes from its own thread: ``report(_:)`` never blocks, and drops entries if the queue is full.
    ///
    /// - Parameter descriptor: the target of lines, and of entries that journald does not accept.
    package init(
        format: Format, time: any TimeSource, descriptor: Int32 = STDERR_FILENO,
        limits: JournalQueue.Limits = .standard
    ) {
        let writer = JournalWriter(limits: limits, time: time)
        writer.start(format, descriptor: descriptor)
        outlet = .thread(writer)
    }

    /// Writes each entry before ``report(_:)`` returns, for a reader that never blocks.
    ///
    /// - Parameter writeLine: receives a line without its line break.
    package init(format: Format, time: any TimeSource, writeLine: @escaping @Sendable (String) -> Void) {
        outlet = .direct(DirectOutlet(format, time, writeLine))
    }

    deinit {
        if case .thread(let writer) = outlet { writer.close() }
    }

    /// Numbers the event in the order of the calls, and queues or writes it.
    package func report(_ event: JournalEvent) {
        switch outlet {
        case .thread(let writer): writer.offer(event)
        case .direct(let direct): direct.write(event)
        }
    }

    package var tally: Tally {
        switch outlet {
        case .thread(let writer): writer.tally
        case .direct: Tally(dropped: 0, summaries: 0)
        }
    }

    /// Stops accepting events and waits until all are written, for at most `limit`.
    ///
    /// False if some were not written: the thread is blocked in a write, and ends with the process.
    @discardableResult
    package func close(within limit: Duration) async -> Bool {
        guard case .thread(let writer) = outlet else { return true }
        writer.close()
        let isWritten = await bounded(by: limit) {
            for await _ in writer.drained {}
            return !Task.isCancelled
        }
        return isWritten ?? false
    }

    /// The format for stderr: journal if it is connected to the journal, text on a terminal, JSON otherwise.
    package static func defaultFormat(journalStream: String?) -> Format {
        var status = stat()
        if let journalStream, fstat(STDERR_FILENO, &status) == 0, journalStream == "\(status.st_dev):\(status.st_ino)" {
            return .journal
        }
        return isatty(STDERR_FILENO) == 1 ? .text : .json
    }
}

/// Writes entries synchronously.
private final class DirectOutlet: Sendable {
    private let format: Journal.Format
    private let time: any TimeSource
    private let writeLine: @Sendable (String) -> Void
    private let queue = Mutex(JournalQueue())

    init(_ format: Journal.Format, _ time: any TimeSource, _ writeLine: @escaping @Sendable (String) -> Void) {
        self.format = format
        self.time = time
        self.writeLine = writeLine
    }

    func write(_ event: JournalEvent) {
        let sink = EntrySink(format) { [writeLine] line in
            writeLine(line)
            return true
        }
        // Numbered and written under one lock, so that the numbers are in order.
        queue.withLock { queue in
            let now = time.now
            queue.offer(event, at: now)
            while let entry = queue.next(at: now) { _ = sink.write(entry) }
        }
    }
}
