import CSystemd
import Glibc

/// Protects the API key in the memory of the process.
package enum ProcessHardening {
    /// Disables core dumps and debuggers, and makes a broken pipe an error instead of a signal.
    package static func apply() {
        _ = sendwarden_forbid_dumps()
        signal(SIGPIPE, SIG_IGN)
    }
}
