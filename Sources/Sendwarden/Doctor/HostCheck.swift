import ArgumentParser
import FoundationEssentials
import Glibc

/// Checks the machine: systemd, its notification socket, and the journal.
enum HostCheck {
    static func findings() -> [DoctorFinding] {
        [systemd, notify, journal]
    }

    private static var systemd: DoctorFinding {
        access("/run/systemd/system", F_OK) == 0
            ? .ok("systemd", "is running")
            : .note(
                "systemd", "is not running", "run the daemon under another supervisor, or in the foreground")
    }

    private static var notify: DoctorFinding {
        guard let path = ProcessInfo.processInfo.environment["NOTIFY_SOCKET"] else {
            return .note("notify", "not started by systemd; in the service, Type=notify sets NOTIFY_SOCKET")
        }
        return path.hasPrefix("@") || access(path, W_OK) == 0
            ? .ok("notify", "NOTIFY_SOCKET is writable")
            : .failed(
                "notify", "cannot write to NOTIFY_SOCKET \(path): \(String(cString: strerror(errno)))",
                "set NotifyAccess=main in the unit", .noPermission)
    }

    private static var journal: DoctorFinding {
        let path = "/run/systemd/journal/socket"
        if access(path, W_OK) == 0 { return .ok("journal", "the journal's socket is writable") }
        return errno == ENOENT
            ? .note("journal", "journald is not running", "log to stderr with --log-format text or json")
            : .failed(
                "journal", "cannot write to \(path): \(String(cString: strerror(errno)))",
                "make /run/systemd/journal accessible to the unit", .noPermission)
    }
}
