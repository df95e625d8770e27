import GRDB

/// Detects damage that SQLite does not: lost transactions, changed values or keys, and changed definitions.
///
/// Runs on a read-only connection, so that a damaged ledger is refused unchanged.
enum Verification {
    /// Why a ledger is refused; the error adds what to do.
    struct Damage: Error { let what: String }

    /// The head row of a ledger; nil for a version without a head.
    struct Head: Sendable {
        var ledger: Int64
        var mark: HeadMark
        var hasRecord: Bool
        var thinnedUntil: Int64
        /// Samples until this time may lack checksums, because an older version wrote them.
        var legacyAt: Int64

        init?(_ database: Database) throws {
            guard try database.tableExists("head") else { return nil }
            guard let row = try Row.fetchOne(database, sql: "SELECT *, \(SummedTable.head.isSound) AS sound FROM head"),
                row["sound"]
            else { throw Damage(what: "its head, which holds the number of the last transaction, is damaged") }
            ledger = row["ledger"]
            mark = HeadMark(sequence: row["sequence"], digest: row["digest"])
            hasRecord = row["has_record"]
            thinnedUntil = row["thinned_until"]
            legacyAt = row["legacy_at"]
        }
    }

    /// Verifies the whole ledger, before a daemon continues from it.
    static func verify(_ database: Database, _ path: String, _ record: HeadFile.Content, at boot: BootClock) throws {
        let verdict = try String.fetchOne(database, sql: "PRAGMA quick_check(1)")
        guard verdict == "ok" else { throw Damage(what: verdict ?? "SQLite cannot check it") }
        let isCurrent = try verifyVersion(database, path)
        let head = try Head(database)
        try verify(head, record, at: boot)
        guard let head, isCurrent else { return }
        guard try Schema.definitions(database) == Schema.expectedDefinitions() else {
            throw Damage(what: "the definition of one of its tables is damaged")
        }
        try verifyRows(database, head)
    }

    /// False if the ledger has an older version and must be migrated; throws if it has a newer version.
    static func verifyVersion(_ database: Database, _ path: String) throws -> Bool {
        let applied = try Schema.migrator.appliedIdentifiers(database)
        let ours = Set(Schema.migrator.migrations)
        guard !applied.isSubset(of: ours) else { return applied == ours }
        // A newer version has all migrations of this one.
        guard ours.isSubset(of: applied) else { throw Damage(what: "its list of migrations is damaged") }
        throw LedgerError(
            code: .otherVersion,
            message: "\(path) was written by a newer version of sendwarden; run that version, or select "
                + "another file with --ledger")
    }

    /// Throws if a transaction that was recorded as written is missing.
    static func verify(_ head: Head?, _ record: HeadFile.Content, at boot: BootClock) throws {
        guard let head else {
            guard record == .missing else {
                throw Damage(
                    what: "it is older than the record beside it, as if an old backup had been put in its place")
            }
            return
        }
        switch record {
        case .missing where head.hasRecord:
            throw Damage(
                what: "the record beside it (.head) is missing, so sendwarden cannot verify that the ledger is complete"
            )
        case .unreadable where head.hasRecord:
            throw Damage(
                what: "the record beside it (.head) is damaged, so sendwarden cannot verify that the ledger is complete"
            )
        case .missing, .unreadable: break
        case .record(let record):
            guard record.ledger == UInt64(bitPattern: head.ledger) else {
                throw Damage(what: "the record beside it (.head) belongs to another ledger")
            }
            guard record.isSatisfied(by: head.mark, at: boot) else {
                throw Damage(
                    what: "it ends with transaction \(head.mark.sequence), but transaction \(record.last.sequence) was "
                        + "written: its end or its -wal file is lost, or an older backup was put in its place")
            }
        }
    }

    /// Throws if a row of the verified tables does not match its checksum, or the state its digest.
    static func verifyRows(_ database: Database, _ head: Head) throws {
        for table in SummedTable.verified {
            let isSound = try Bool.fetchOne(
                database, sql: "SELECT NOT EXISTS (SELECT 1 FROM \(table.name) WHERE NOT \(table.isSound))")
            guard isSound == true else { throw Damage(what: "a row of its table \(table.name) is damaged") }
        }
        var digest: Int64 = 0
        for table in SummedTable.state {
            for sum in try Int64.fetchAll(database, sql: "SELECT sum FROM \(table.name)") { digest &+= sum }
        }
        guard digest == head.mark.digest else {
            throw Damage(what: "its stored state does not match its digest: a row is missing or was replaced")
        }
        try verifyFirstSamples(database, head)
    }

    /// Verifies the first sample of each campaign.
    ///
    /// This finds a changed campaign id: SQLite checks the order of keys, so the changed sample comes first.
    private static func verifyFirstSamples(_ database: Database, _ head: Head) throws {
        let statement = try database.makeStatement(
            sql: """
                SELECT * FROM sample WHERE (workspace, campaign) > (?, ?) ORDER BY workspace, campaign, at LIMIT 1
                """)
        var (workspace, campaign) = ("", "")
        while let row = try Row.fetchOne(statement, arguments: [workspace, campaign]) {
            (workspace, campaign) = (row["workspace"], row["campaign"])
            var start = RowSum("sample")
            start.combine(workspace)
            start.combine(campaign)
            guard LedgerDatabase.isSound(row, start, head.legacyAt) else {
                throw Damage(what: "a sample of campaign \(campaign) is damaged")
            }
        }
    }
}
