/// Why a ledger cannot be used: what failed, where, and what to do.
package struct LedgerError: Error, Hashable, Sendable {
    package enum Code: Hashable, Sendable {
        /// Another daemon uses it.
        case locked
        case noPermission
        /// There is no such file, where one is only to be read.
        case missing
        /// It was written by a newer version of the program.
        case tooNew
        /// It is damaged.
        case corrupt
        /// The disk is full, or read-only, or fails.
        case unwritable
    }

    package let code: Code
    package let message: String

    package init(code: Code, message: String) {
        self.code = code
        self.message = message
    }
}
