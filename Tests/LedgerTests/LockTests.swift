import Foundation
import Glibc
import Guard
import Ledger
import Model
import TestSupport
import Testing

/// Two daemons cannot use one ledger, by whatever path.
@Suite struct LockTests {
    private func open(_ path: String) throws(LedgerError) -> LedgerDatabase {
        try LedgerDatabase.open(path, LedgerScope(WorkspaceName("acme")), at: LedgerTests.start).store
    }

    /// Why a second daemon is refused; nil if it is not.
    private func refusal(_ path: String) -> LedgerError? {
        do throws(LedgerError) {
            _ = try open(path)
            return nil
        } catch {
            return error
        }
    }

    /// True if another process finds the ledger unlocked; `flock` returns 1 for a locked file.
    private func isFreeForOthers(_ path: String) throws -> Bool {
        let process = try Process.run(URL(filePath: "/usr/bin/flock"), arguments: ["-n", path, "true"])
        process.waitUntilExit()
        return process.terminationStatus == 0
    }

    @Test func aLedgerIsLockedUnderEveryName() throws {
        let folder = try TemporaryFolder()
        let elsewhere = try TemporaryFolder()
        let path = folder.path + "/ledger.sqlite"
        let first = try open(path)
        let names = [
            path, folder.path + "/symbolic", folder.path + "/hard", elsewhere.path + "/symbolic",
            elsewhere.path + "/hard",
        ]
        for name in names.dropFirst() {
            let result = name.hasSuffix("hard") ? link(path, name) : symlink(path, name)
            try #require(result == 0)
        }
        // The former separate lock file has no effect.
        try? FileManager.default.removeItem(atPath: path + ".lock")
        for name in names {
            let error = refusal(name)
            #expect(error?.code == .locked, "\(name)")
            #expect(error?.message.contains("process \(getpid())") == true, "\(name)")
            #expect(try !isFreeForOthers(name))
        }
        // A refused attempt does not affect the holder: SQLite's own locks are unchanged.
        #expect(try isReadLocked(path))
        try first.write([.sample(LedgerTests.camp, LedgerTests.stats(1), at: LedgerTests.start)], at: LedgerTests.start)
    }

    /// Asks another process, because a process does not see its own locks.
    private func isReadLocked(_ path: String) throws -> Bool {
        let script = """
            import fcntl, struct, sys
            f = open(sys.argv[1], "r+b")
            lock = struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0x40000002, 510, 0)
            sys.exit(0 if struct.unpack("hhqqi4x", fcntl.fcntl(f, 5, lock))[0] != fcntl.F_UNLCK else 1)
            """
        let process = try Process.run(URL(filePath: "/usr/bin/python3"), arguments: ["-c", script, path])
        process.waitUntilExit()
        return process.terminationStatus == 0
    }

    @Test func aLockEndsWithItsLedger() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/ledger.sqlite"
        do { _ = try open(path) }
        #expect(try isFreeForOthers(path))
        #expect(refusal(path) == nil)
    }

    @Test func bothNamesShareTheFilesBesideIt() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/ledger.sqlite"
        try #require(symlink(path, folder.path + "/link") == 0)
        do {
            let at = LedgerTests.start
            try open(folder.path + "/link").write([.sample(LedgerTests.camp, LedgerTests.stats(1), at: at)], at: at)
        }
        #expect(FileManager.default.fileExists(atPath: path + ".head"))
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/link.head"))
        #expect(refusal(path) == nil)
    }

    @Test func aHardLinkElsewhereLacksTheCompanionFiles() throws {
        let folder = try TemporaryFolder()
        let elsewhere = try TemporaryFolder()
        do { _ = try open(folder.path + "/ledger.sqlite") }
        try #require(link(folder.path + "/ledger.sqlite", elsewhere.path + "/ledger.sqlite") == 0)
        #expect(refusal(elsewhere.path + "/ledger.sqlite")?.code == .corrupt)
    }
}
