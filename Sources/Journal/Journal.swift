import CSystemd
import Glibc
package import Model
import Synchronization

/// Where the program tells what it does: systemd's journal, or lines on stderr.
package final class Journal: Sendable {
    /// The form of the entries.
    package enum Format: String, CaseIterable, Sendable {
        case journal, text, json
    }

    /// Where journald listens; sd_journal_print(3).
    private static let socketPath = "/run/systemd/journal/socket"

    private let format: Format
    private let time: any TimeSource
    /// Carries a line out that is not for the journal itself.
    private let writeLine: @Sendable (String) -> Void
    private let sequence = Mutex(0)

    /// - Parameter writeLine: takes a line without its end; by default it goes to stderr.
    package init(
        format: Format, time: any TimeSource, writeLine: @escaping @Sendable (String) -> Void = StandardError.write
    ) {
        self.format = format
        self.time = time
        self.writeLine = writeLine
    }

    package func tell(_ event: JournalEvent) {
        // Numbered and written in one go, so that the numbers stand in order.
        sequence.withLock { sequence in
            sequence += 1
            let entry = JournalEntry(event, sequence: sequence, at: time.now)
            switch format {
            case .text: writeLine(EntryFormat.text(entry))
            case .json: writeLine(EntryFormat.json(entry))
            case .journal:
                // Without the journal the entry must not be lost: stderr is its last resort.
                if Journal.send(entry.fields) < 0 { writeLine(EntryFormat.json(entry)) }
            }
        }
    }

    /// Hands the fields to libsystemd; negative, an errno, where that failed.
    private static func send(_ fields: [JournalEntry.Field]) -> Int32 {
        // libsystemd says nothing where there is no journal at all.
        guard access(socketPath, F_OK) == 0 else { return -ENOENT }
        var bytes: [UInt8] = []
        var ranges: [Range<Int>] = []
        for field in fields {
            let start = bytes.count
            bytes += field.name.utf8
            bytes.append(UInt8(ascii: "="))
            bytes += field.value.utf8
            ranges.append(start..<bytes.count)
        }
        return bytes.withUnsafeMutableBytes { buffer in
            let vectors = ranges.map { range in
                iovec(iov_base: buffer.baseAddress.map { $0 + range.lowerBound }, iov_len: range.count)
            }
            return sd_journal_sendv(vectors, Int32(vectors.count))
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
