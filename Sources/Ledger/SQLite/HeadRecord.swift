/// A position in a ledger: the number of its last transaction, and the digest of the state after it.
struct HeadMark: Hashable, Sendable {
    var sequence: Int64
    var digest: Int64
}

/// Identifies a boot of the machine.
///
/// After a kill, the kernel still has all written data; only a reboot can lose unsynced transactions.
package struct BootClock: Hashable, Sendable {
    /// The time of the boot in milliseconds, which changes when the wall clock is set.
    var startedAt: Int64
    /// Milliseconds since the boot.
    var uptime: Int64
    /// A larger change of the wall clock counts as a reboot, which only weakens the check.
    static let toleranceMilliseconds: Int64 = 1000

    package init(startedAt: Int64, uptime: Int64) {
        self.startedAt = startedAt
        self.uptime = uptime
    }

    /// True if there was no reboot between the two.
    func isSameBoot(asLater later: BootClock) -> Bool {
        later.uptime >= uptime && abs(later.startedAt - startedAt) <= BootClock.toleranceMilliseconds
    }
}

/// Stored beside a ledger, outside of SQLite's files: the position that the ledger must at least have reached.
struct HeadRecord: Hashable, Sendable {
    /// The number of the record; the slot with the higher number is newer.
    var number: UInt64
    /// The id of its ledger.
    var ledger: UInt64
    /// The last transaction; survives a kill, but perhaps not a power failure.
    var last: HeadMark
    /// The last transaction that was synced before the record was written; also survives a power failure.
    var durable: HeadMark
    var boot: BootClock

    private static let magic: UInt64 = 0x3164_6165_6877_7373
    /// Eleven words, which fit into the smallest sector, so that a record is never torn.
    static let bytes = 11 * 8

    var encoded: [UInt8] {
        var words = [
            HeadRecord.magic, number, ledger, UInt64(bitPattern: last.sequence), UInt64(bitPattern: last.digest),
            UInt64(bitPattern: durable.sequence), UInt64(bitPattern: durable.digest),
            UInt64(bitPattern: boot.startedAt), UInt64(bitPattern: boot.uptime), 0,
        ]
        words.append(HeadRecord.checksum(words))
        return words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
    }

    init(number: UInt64, ledger: UInt64, last: HeadMark, durable: HeadMark, boot: BootClock) {
        (self.number, self.ledger, self.last, self.durable, self.boot) = (number, ledger, last, durable, boot)
    }

    /// Nil if the bytes are not a complete record.
    init?(decoding bytes: some Collection<UInt8>) {
        guard bytes.count >= HeadRecord.bytes else { return nil }
        let bytes = Array(bytes.prefix(HeadRecord.bytes))
        let words = (0..<11).map { index in
            (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[index * 8 + $1]) << (8 * $1) }
        }
        guard words[0] == HeadRecord.magic, words[10] == HeadRecord.checksum(words.dropLast()) else { return nil }
        number = words[1]
        ledger = words[2]
        last = HeadMark(sequence: Int64(bitPattern: words[3]), digest: Int64(bitPattern: words[4]))
        durable = HeadMark(sequence: Int64(bitPattern: words[5]), digest: Int64(bitPattern: words[6]))
        boot = BootClock(startedAt: Int64(bitPattern: words[7]), uptime: Int64(bitPattern: words[8]))
    }

    private static func checksum(_ words: some Collection<UInt64>) -> UInt64 {
        var sum = RowSum("head record")
        for word in words { sum.combine(Int64(bitPattern: word)) }
        return UInt64(bitPattern: sum.value)
    }

    /// True if a ledger at the position `found` contains everything that it must.
    func isSatisfied(by found: HeadMark, at now: BootClock) -> Bool {
        let least = boot.isSameBoot(asLater: now) ? last : durable
        guard found.sequence >= least.sequence else { return false }
        return ![last, durable].contains { $0.sequence == found.sequence && $0.digest != found.digest }
    }
}
