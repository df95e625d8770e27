/// How far a ledger has come: the number of its last transaction, and the digest of the state that it left.
struct HeadMark: Hashable, Sendable {
    var sequence: Int64
    var digest: Int64
}

/// Which boot of the machine this is.
///
/// After a kill, what was written is still there, as the kernel has it; only a reboot may lose the unsynced end.
package struct BootClock: Hashable, Sendable {
    /// The wall clock's time of the boot, in milliseconds; it moves when the clock is set.
    var startedAt: Int64
    /// Milliseconds since the boot.
    var uptime: Int64
    /// A wall clock that was set by more counts as a reboot, which demands less of a ledger: never too much.
    static let toleranceMilliseconds: Int64 = 1000

    package init(startedAt: Int64, uptime: Int64) {
        self.startedAt = startedAt
        self.uptime = uptime
    }

    /// True where no reboot lies between the two.
    func isSameBoot(asLater later: BootClock) -> Bool {
        later.uptime >= uptime && abs(later.startedAt - startedAt) <= BootClock.toleranceMilliseconds
    }
}

/// What is recorded beside a ledger, outside of SQLite's files: the least that the ledger must hold.
struct HeadRecord: Hashable, Sendable {
    /// Counts the records; the higher of two slots is the newer one.
    var number: UInt64
    /// Which ledger it belongs to.
    var ledger: UInt64
    /// The last transaction; it outlives a kill, and perhaps no power cut.
    var last: HeadMark
    /// The last transaction that was synced before the record was written: it outlives a power cut, too.
    var durable: HeadMark
    var boot: BootClock

    private static let magic: UInt64 = 0x3164_6165_6877_7373
    /// Eleven words, which fit in the smallest sector, so that a record is not torn.
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

    /// Nil for bytes that are no whole record.
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

    /// True where a ledger that has come as far as `found` holds all that is demanded of it.
    func isSatisfied(by found: HeadMark, at now: BootClock) -> Bool {
        let least = boot.isSameBoot(asLater: now) ? last : durable
        guard found.sequence >= least.sequence else { return false }
        return ![last, durable].contains { $0.sequence == found.sequence && $0.digest != found.digest }
    }
}
