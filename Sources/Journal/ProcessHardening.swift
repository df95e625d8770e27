import CSystemd
import Glibc

/// What a process owes to the secret it holds.
package enum ProcessHardening {
    /// No core dump and no other process's debugger sees the key; a broken pipe is an error, not the end.
    package static func apply() {
        _ = sendwarden_forbid_dumps()
        signal(SIGPIPE, SIG_IGN)
    }
}
