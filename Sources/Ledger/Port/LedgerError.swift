import GRDB

/// Why a ledger cannot be used; the message names the file, the failure and the fix.
package struct LedgerError: Error, Hashable, Sendable {
    package enum Code: Hashable, Sendable {
        /// Another daemon uses it.
        case locked
        case noPermission
        /// The file to read does not exist.
        case missing
        /// It is a directory, a device or something else that is not a regular file.
        case notAFile
        /// It was written by another version of the program.
        case otherVersion
        /// It is damaged.
        case corrupt
        /// The disk is full, read-only or failing, or the files were replaced while the daemon was running.
        case unwritable
        /// Too many operations are waiting.
        case busy
        /// Another holder has taken the lease.
        case leaseLost
    }

    package let code: Code
    package let message: String

    package init(code: Code, message: String) {
        self.code = code
        self.message = message
    }

    /// A damaged ledger, with its two remedies.
    static func damaged(_ path: String, _ what: String) -> LedgerError {
        LedgerError(
            code: .corrupt,
            message: "\(path) is damaged: \(what). Restore all of its files (\(path), -wal and .head) from one backup, "
                + "or start once with --recover-ledger, which moves them aside and creates an empty ledger; campaigns "
                + "that Sendwarden paused then stay paused until a person starts them")
    }

    /// Converts any error of a ledger that is open for writing.
    init(_ error: any Error, writing path: String) {
        switch error {
        case let error as LedgerError: self = error
        case let damage as Verification.Damage: self = .damaged(path, damage.what)
        case is DecodingError, is RowDecodingError:
            self = .damaged(path, "it contains values that this version cannot read")
        case let error as DatabaseError: self.init(error, path)
        default: self.init(code: .unwritable, message: "\(path): the ledger cannot be used, for an unknown reason")
        }
    }

    private init(_ error: DatabaseError, _ path: String) {
        switch error.resultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            self = .damaged(path, error.message ?? "SQLite cannot read it")
        // The statements match the expected tables, so the tables must have changed.
        case .SQLITE_ERROR, .SQLITE_SCHEMA, .SQLITE_MISMATCH, .SQLITE_CONSTRAINT:
            self = .damaged(path, "its table definitions have changed (\(error.message ?? "SQLite error"))")
        case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_READONLY, .SQLITE_AUTH:
            self.init(
                code: .noPermission,
                message: "cannot open \(path) for writing; give the user that runs sendwarden write access")
        case .SQLITE_FULL:
            self.init(
                code: .unwritable,
                message:
                    "\(path): the disk or the ledger is full; sendwarden removes old samples and resumes "
                    + "writing once there is space; if the disk is full, free space on it")
        case .SQLITE_IOERR:
            self.init(
                code: .unwritable,
                message:
                    "\(path): the disk is full or failing (SQLite error \(error.extendedResultCode.rawValue)); free "
                    + "space, and check the kernel's log")
        default:
            self.init(
                code: .unwritable, message: "\(path): SQLite error \(error.extendedResultCode.rawValue)")
        }
    }
}
