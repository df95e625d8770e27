import GRDB
import Model
import Synchronization

/// Moves rows that are stored under the wrong workspace.
///
/// Earlier versions stored everything under the first workspace, and a campaign can move to another one.
extension LedgerDatabase {
    /// The rows of one campaign or pool that are stored under the wrong workspace.
    struct Stray: Hashable, Sendable {
        enum Kind: Hashable, Sendable {
            case sample, poolSample, campaignEvent, poolEvent
        }

        var kind: Kind
        var subject: String
        var from: String
        var to: String
    }

    /// Moves the state, decisions and actions in one transaction; maintenance steps move samples and events.
    func adoptStrays() throws(LedgerError) {
        guard scope.workspaces.count > 1 else { return }
        do {
            let (hasStrayState, strays) = try queue.read { try (holdsStrayState($0), findStrays($0)) }
            state.withLock { $0.strays = strays }
            guard hasStrayState else { return }
            try commit(isUrgent: true) { database in
                var change: Int64 = 0
                for (table, key, homes) in states { change &+= try adopt(table, key, homes, database) }
                for (table, key, homes) in stories { try adoptStory(table, key, homes, database) }
                return change
            }
        } catch {
            throw LedgerError(error, writing: queue.path)
        }
    }

    private typealias Homes = [String: String]

    private var campaignHomes: Homes {
        Dictionary(uniqueKeysWithValues: scope.campaigns.map { ($0.key.text, $0.value.text) })
    }
    private var poolHomes: Homes {
        Dictionary(uniqueKeysWithValues: scope.pools.map { ($0.key.text, $0.value.text) })
    }

    private var states: [(SummedTable, key: String, Homes)] {
        [(.campaign, "id", campaignHomes), (.launch, "campaign", campaignHomes), (.pool, "id", poolHomes)]
    }
    private var stories: [(SummedTable, key: String, Homes)] {
        [
            (.decision, "campaign", campaignHomes), (.intent, "campaign", campaignHomes),
            (.senderChange, "pool", poolHomes),
        ]
    }

    private func holdsStrayState(_ database: Database) throws -> Bool {
        for (table, key, homes) in states + stories {
            if try !strays(in: table, key, homes, database).isEmpty { return true }
        }
        return false
    }

    /// The keys that a table contains under the wrong workspace.
    private func strays(
        in table: SummedTable, _ key: String, _ homes: Homes, _ database: Database
    ) throws -> [(key: String, from: String, home: String)] {
        try scope.workspaces.flatMap { workspace in
            try String.fetchAll(
                database, sql: "SELECT DISTINCT \(key) FROM \(table.name) WHERE workspace = ?",
                arguments: [workspace.text]
            ).compactMap { id in homes[id].flatMap { $0 == workspace.text ? nil : (id, workspace.text, $0) } }
        }
    }

    /// Moves rows of the state; if both workspaces have one, retains the newer.
    private func adopt(
        _ table: SummedTable, _ key: String, _ homes: Homes, _ database: Database
    ) throws -> Int64 {
        let row = "FROM \(table.name) WHERE workspace = ? AND \(key) = ?"
        var change: Int64 = 0
        for stray in try strays(in: table, key, homes, database) {
            func updatedAt(_ workspace: String) throws -> Int64? {
                try Int64.fetchOne(database, sql: "SELECT updated_at \(row)", arguments: [workspace, stray.key])
            }
            func sum(_ workspace: String) throws -> Int64 {
                try Int64.fetchOne(database, sql: "SELECT sum \(row)", arguments: [workspace, stray.key]) ?? 0
            }
            let mine = try updatedAt(stray.home)
            let isNewer = try updatedAt(stray.from).map { other in mine.map { other > $0 } ?? true } ?? false
            let obsolete = isNewer ? stray.home : stray.from
            change &-= try sum(obsolete)
            try database.execute(sql: "DELETE \(row)", arguments: [obsolete, stray.key])
            guard isNewer else { continue }
            change &-= try sum(stray.from)
            try move(table, key, stray.key, from: stray.from, to: stray.home, database)
            change &+= try sum(stray.home)
        }
        return change
    }

    /// Moves decisions and actions; they are numbered across all workspaces, so their keys never collide.
    private func adoptStory(_ table: SummedTable, _ key: String, _ homes: Homes, _ database: Database) throws {
        for stray in try strays(in: table, key, homes, database) {
            try move(table, key, stray.key, from: stray.from, to: stray.home, database)
        }
    }

    private func move(
        _ table: SummedTable, _ key: String, _ subject: String, from: String, to: String, _ database: Database
    ) throws {
        try database.cachedStatement(
            sql: """
                UPDATE OR REPLACE \(table.name) SET workspace = ?1, sum = \(LedgerDatabase.movedSum(table))
                WHERE workspace = ?2 AND \(key) = ?3
                """
        ).execute(arguments: [to, from, subject])
    }

    /// The SQL of the checksum under the new workspace; a row without a checksum stays without.
    private static func movedSum(_ table: SummedTable) -> String {
        "CASE WHEN sum IS NULL THEN NULL ELSE \(table.sum(of: table.columns.map { $0 == "workspace" ? "?1" : $0 })) END"
    }

    // MARK: Steps

    private func findStrays(_ database: Database) throws -> [Stray] {
        let kinds: [(Stray.Kind, table: String, column: String, Homes)] = [
            (.sample, "sample", "campaign", campaignHomes), (.poolSample, "pool_sample", "pool", poolHomes),
            (.campaignEvent, "event", "campaign", campaignHomes), (.poolEvent, "event", "pool", poolHomes),
        ]
        return try kinds.flatMap { kind, table, column, homes in
            try scope.workspaces.flatMap { workspace in
                try LedgerDatabase.subjects(database, table, column, of: workspace.text).compactMap { subject in
                    homes[subject].flatMap { home in
                        home == workspace.text
                            ? nil : Stray(kind: kind, subject: subject, from: workspace.text, to: home)
                    }
                }
            }
        }
    }

    /// Moves at most ``LedgerLimits/stepRows`` rows; false if there are none to move.
    func adoptStep(_ database: Database) throws -> Bool {
        guard let stray = state.withLock({ $0.strays.first }) else { return false }
        var moved = 0
        try database.inTransaction(.immediate) {
            switch stray.kind {
            case .sample:
                moved = try moveSamples(stray, "sample", "campaign", LedgerDatabase.counters, database)
            case .poolSample:
                moved = try moveSamples(stray, "pool_sample", "pool", LedgerDatabase.poolCounters, database)
            case .campaignEvent: moved = try moveEvents(stray, "campaign = ?3", database)
            // An event that also concerns a campaign belongs to the campaign's workspace.
            case .poolEvent: moved = try moveEvents(stray, "pool = ?3 AND campaign IS NULL", database)
            }
            return .commit
        }
        state.withLock { state in
            state.uncheckpointed += moved
            if moved < limits.stepRows { state.strays.removeFirst() }
        }
        return true
    }

    private func moveEvents(_ stray: Stray, _ condition: String, _ database: Database) throws -> Int {
        try database.cachedStatement(
            sql: """
                UPDATE event SET workspace = ?1, sum = \(LedgerDatabase.movedSum(.event)) WHERE number IN (
                    SELECT number FROM event WHERE workspace = ?2 AND \(condition) LIMIT ?4)
                """
        ).execute(arguments: [stray.to, stray.from, stray.subject, limits.stepRows])
        return database.changesCount
    }

    private func moveSamples(
        _ stray: Stray, _ table: String, _ column: String, _ counters: [String], _ database: Database
    ) throws -> Int {
        let legacyAt = try Verification.Head(database)?.legacyAt ?? .max
        func start(_ workspace: String) -> RowSum {
            var sum = RowSum(table)
            sum.combine(workspace)
            sum.combine(stray.subject)
            return sum
        }
        let rows = try Row.fetchAll(
            database.cachedStatement(
                sql: "SELECT * FROM \(table) WHERE workspace = ? AND \(column) = ? ORDER BY at LIMIT ?"),
            arguments: [stray.from, stray.subject, limits.stepRows])
        let columns = ["workspace", column, "at"] + counters + ["sum"]
        let insert = try database.cachedStatement(
            sql: """
                INSERT OR IGNORE INTO \(table) (\(columns.joined(separator: ", ")))
                VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")))
                """)
        let delete = try database.cachedStatement(
            sql: "DELETE FROM \(table) WHERE workspace = ? AND \(column) = ? AND at = ?")
        for row in rows {
            guard LedgerDatabase.isSound(row, start(stray.from), legacyAt, counters: counters) else {
                throw Verification.Damage(what: "a sample of \(column) \(stray.subject) is damaged")
            }
            let at: Int64 = row["at"]
            let values = counters.map { Int64.fromDatabaseValue(row[$0]) }
            var sum = start(stray.to)
            sum.combine(at)
            sum.combine(counters: values)
            let hasSum = !(row["sum"] as DatabaseValue).isNull
            var arguments: [(any DatabaseValueConvertible)?] = [stray.to, stray.subject, at]
            arguments += values
            arguments.append(hasSum ? sum.short : nil)
            try insert.execute(arguments: StatementArguments(arguments))
            try delete.execute(arguments: [stray.from, stray.subject, at])
        }
        return rows.count
    }
}
