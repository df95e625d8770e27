import CSystemd
import Glibc

/// Writes entries to journald or as lines.
///
/// It blocks as long as the reader does.
struct EntrySink {
    /// The socket of journald; sd_journal_print(3).
    private static let socketPath = "/run/systemd/journal/socket"

    private let format: Journal.Format
    private let writeLine: (String) -> Bool

    init(_ format: Journal.Format, writeLine: @escaping (String) -> Bool) {
        self.format = format
        self.writeLine = writeLine
    }

    /// False if the entry is lost.
    func write(_ entry: JournalEntry) -> Bool {
        switch format {
        case .text: writeLine(EntryFormat.text(entry))
        case .json: writeLine(EntryFormat.json(entry))
        // Without the journal, fall back to stderr.
        case .journal: EntrySink.send(entry.fields) >= 0 || writeLine(EntryFormat.json(entry))
        }
    }

    /// Sends the fields with libsystemd; a negative errno if that fails.
    private static func send(_ fields: [JournalEntry.Field]) -> Int32 {
        // libsystemd reports success even if there is no journal.
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
}
