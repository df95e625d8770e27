import Glibc
package import Model
import Synchronization

/// Where the program reports what it does: systemd's journal, or lines on stderr.
package final class Journal: Sendable {
    /// The form of the entries.
    package enum Format: String, CaseIterable, Sendable {
        case journal, text, json
    }

    /// What has become of the entries since the start.
    package struct Tally: Sendable, Hashable {
        /// Entries that were dropped; their numbers are missing in the log.
        package var dropped: Int
        /// Entries `journal.dropped` that report them.
        package var summaries: Int
    }

    /// The way of the entries to their reader.
    private enum Outlet: Sendable {
        case thread(JournalWriter)
        case direct(DirectOutlet)
    }

    private let outlet: Outlet

    /// Writes from a thread of its own: ``report(_:)`` never waits for a reader, and drops what the queue cannot take.
    ///
    /// - Parameter descriptor: where lines go that are not for journald, or that journald does not take.
    package init(
        format: Format, time: any TimeSource, descriptor: Int32 = STDERR_FILENO,
        limits: JournalQueue.Limits = .standard
    ) {
        let writer = JournalWriter(limits: limits, time: time)
        writer.start(format, descriptor: descriptor)
        outlet = .thread(writer)
    }

    /// Writes each entry before ``report(_:)`` returns, for a reader that never stops.
    ///
    /// - Parameter writeLine: takes a line without its end.
    package init(format: Format, time: any TimeSource, writeLine: @escaping @Sendable (String) -> Void) {
        outlet = .direct(DirectOutlet(format, time, writeLine))
    }

    deinit {
        if case .thread(let writer) = outlet { writer.close() }
    }

    /// Numbers the event, in the order of the calls, and hands it on.
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

    /// Takes no more events and waits until all are written, but no longer than `limit`.
    ///
    /// False where some were not: the thread is stuck with them, and ends with the process.
    @discardableResult
    package func close(within limit: Duration) async -> Bool {
        guard case .thread(let writer) = outlet else { return true }
        writer.close()
        return await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                for await _ in writer.drained {}
                return !Task.isCancelled
            }
            group.addTask {
                try? await Task.sleep(for: limit)
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
    }

    /// The form that fits where stderr leads: the journal, a terminal, or a pipe or file.
    package static func fittingFormat(journalStream: String?) -> Format {
        var status = stat()
        if let journalStream, fstat(STDERR_FILENO, &status) == 0, journalStream == "\(status.st_dev):\(status.st_ino)" {
            return .journal
        }
        return isatty(STDERR_FILENO) == 1 ? .text : .json
    }
}

/// Writes an entry at once.
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
        // Numbered and written in one go, so that the numbers stand in order.
        queue.withLock { queue in
            let now = time.now
            queue.offer(event, at: now)
            while let entry = queue.next(at: now) { _ = sink.write(entry) }
        }
    }
}
