import GRDB

/// The migrations that create the ledger's tables; released migrations are never edited.
enum Schema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 memory, samples, decisions and intents") { database in
            try database.execute(
                sql: """
                    CREATE TABLE workspace (name TEXT PRIMARY KEY, memory TEXT NOT NULL) STRICT, WITHOUT ROWID;
                    CREATE TABLE campaign (
                        workspace TEXT NOT NULL, id TEXT NOT NULL, phase TEXT NOT NULL, updated_at INTEGER NOT NULL,
                        memory TEXT NOT NULL, PRIMARY KEY (workspace, id)
                    ) STRICT, WITHOUT ROWID;
                    CREATE TABLE launch (
                        workspace TEXT NOT NULL, campaign TEXT NOT NULL, phase TEXT NOT NULL,
                        updated_at INTEGER NOT NULL, memory TEXT NOT NULL, PRIMARY KEY (workspace, campaign)
                    ) STRICT, WITHOUT ROWID;
                    CREATE TABLE sample (
                        workspace TEXT NOT NULL, campaign TEXT NOT NULL, at INTEGER NOT NULL, enrolled INTEGER,
                        sent INTEGER, delivered INTEGER, bounced INTEGER, replied INTEGER, queued INTEGER,
                        PRIMARY KEY (workspace, campaign, at)
                    ) STRICT, WITHOUT ROWID;
                    CREATE TABLE decision (
                        workspace TEXT NOT NULL, id INTEGER NOT NULL, at INTEGER NOT NULL, campaign TEXT NOT NULL,
                        cause TEXT NOT NULL, rule TEXT, condition TEXT, evidence TEXT, PRIMARY KEY (workspace, id)
                    ) STRICT, WITHOUT ROWID;
                    CREATE TABLE intent (
                        workspace TEXT NOT NULL, decision INTEGER NOT NULL, action TEXT NOT NULL, campaign TEXT NOT NULL,
                        attempt INTEGER NOT NULL, sent_at INTEGER NOT NULL, settled_at INTEGER, outcome TEXT,
                        PRIMARY KEY (workspace, decision, action)
                    ) STRICT, WITHOUT ROWID;
                    """)
        }
        migrator.registerMigration("2 events and pools") { database in
            try database.execute(
                sql: """
                    CREATE TABLE event (
                        number INTEGER PRIMARY KEY AUTOINCREMENT, workspace TEXT NOT NULL, at INTEGER NOT NULL,
                        kind TEXT NOT NULL, priority INTEGER NOT NULL, campaign TEXT, rule TEXT, message TEXT NOT NULL,
                        fields TEXT NOT NULL
                    ) STRICT;
                    CREATE INDEX event_by_time ON event (workspace, at);
                    CREATE INDEX event_by_campaign ON event (workspace, campaign, at);
                    CREATE TABLE pool_sample (
                        workspace TEXT NOT NULL, pool TEXT NOT NULL, at INTEGER NOT NULL, capacity INTEGER,
                        remaining INTEGER, reserved INTEGER NOT NULL, PRIMARY KEY (workspace, pool, at)
                    ) STRICT, WITHOUT ROWID;
                    """)
        }
        migrator.registerMigration("3 members of pools") { database in
            try database.execute(
                sql: """
                    CREATE TABLE pool (
                        workspace TEXT NOT NULL, id TEXT NOT NULL, updated_at INTEGER NOT NULL, memory TEXT NOT NULL,
                        PRIMARY KEY (workspace, id)
                    ) STRICT, WITHOUT ROWID;
                    CREATE TABLE sender_change (
                        workspace TEXT NOT NULL, decision INTEGER NOT NULL, action TEXT NOT NULL, pool TEXT NOT NULL,
                        sender TEXT NOT NULL, address TEXT, rule TEXT NOT NULL, condition TEXT NOT NULL,
                        evidence TEXT NOT NULL, sent_at INTEGER NOT NULL, settled_at INTEGER, outcome TEXT,
                        PRIMARY KEY (workspace, decision)
                    ) STRICT, WITHOUT ROWID;
                    ALTER TABLE event ADD COLUMN pool TEXT;
                    CREATE INDEX event_by_pool ON event (workspace, pool, at) WHERE pool IS NOT NULL;
                    """)
        }
        migrator.registerMigration("4 checksums and head") { database in
            database.add(function: RowSum.function)
            try database.execute(
                sql: """
                    CREATE TABLE head (
                        id INTEGER PRIMARY KEY CHECK (id = 1), ledger INTEGER NOT NULL, sequence INTEGER NOT NULL,
                        digest INTEGER NOT NULL, has_record INTEGER NOT NULL, thinned_until INTEGER NOT NULL,
                        legacy_at INTEGER NOT NULL, legacy_decision INTEGER NOT NULL, legacy_event INTEGER NOT NULL,
                        sum INTEGER NOT NULL
                    ) STRICT;
                    """)
            let samples = ["sample", "pool_sample"]
            let tables = ["workspace", "campaign", "launch", "pool", "intent", "sender_change"]
            for table in samples + tables + ["decision", "event"] {
                try database.execute(sql: "ALTER TABLE \(table) ADD COLUMN sum INTEGER")
            }
            // Existing rows of the large tables get no checksum: they are removed after 90 days.
            let summed: [SummedTable] = SummedTable.state + [.intent, .senderChange]
            for table in summed {
                try database.execute(sql: "UPDATE \(table.name) SET sum = \(table.sum())")
            }
            var digest: Int64 = 0
            for table in SummedTable.state {
                for sum in try Int64.fetchAll(database, sql: "SELECT sum FROM \(table.name)") { digest &+= sum }
            }
            try database.execute(
                sql: """
                    INSERT INTO head SELECT 1, random(), 0, ?, 0, 0, max(
                        ifnull((SELECT max(at) FROM sample), -1), ifnull((SELECT max(at) FROM pool_sample), -1)),
                        ifnull((SELECT max(id) FROM decision), -1), ifnull((SELECT max(number) FROM event), -1), 0
                    """, arguments: [digest])
            try database.execute(sql: "UPDATE head SET sum = \(SummedTable.head.sum())")
        }
        migrator.registerMigration("5 more counters") { database in
            for column in ["hard_bounced", "soft_bounced", "complained", "unsubscribed", "deferred"] {
                try database.execute(sql: "ALTER TABLE sample ADD COLUMN \(column) INTEGER")
            }
        }
        migrator.registerMigration("6 outbox") { database in
            try database.execute(
                sql: """
                    CREATE TABLE outbox (
                        id INTEGER PRIMARY KEY, receiver TEXT NOT NULL, at INTEGER NOT NULL, item TEXT NOT NULL,
                        sum INTEGER NOT NULL
                    ) STRICT;
                    """)
        }
        return migrator
    }

    /// The content of `sqlite_schema`, because a damaged definition can still be valid SQL.
    static func definitions(_ database: Database) throws -> [String] {
        try String.fetchAll(
            database,
            sql: "SELECT type || ' ' || name || ' ' || tbl_name || ' ' || ifnull(sql, '') FROM sqlite_schema ORDER BY 1"
        )
    }

    /// The content of `sqlite_schema` in a new ledger.
    static func expectedDefinitions() throws -> [String] {
        let queue = try DatabaseQueue()
        try migrator.migrate(queue)
        return try queue.read(definitions)
    }
}
