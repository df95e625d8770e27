import ArgumentParser
import FoundationEssentials
import Glibc

/// The doctor's look at the machine: systemd, its notifications, and the journal.
enum HostCheck {
    static func findings() -> [DoctorFinding] {
        [systemd, notify, journal]
    }

    private static var systemd: DoctorFinding {
        access("/run/systemd/system", F_OK) == 0
            ? .ok("systemd", "runs this machine")
            : .note(
                "systemd", "does not run this machine", "run the daemon under another supervisor, or in the foreground")
    }

    private static var notify: DoctorFinding {
        guard let path = ProcessInfo.processInfo.environment["NOTIFY_SOCKET"] else {
            return .note("notify", "not run by systemd here; the unit's Type=notify passes NOTIFY_SOCKET to the daemon")
        }
        return path.hasPrefix("@") || access(path, W_OK) == 0
            ? .ok("notify", "systemd can be told")
            : .failed(
                "notify", "NOTIFY_SOCKET \(path) cannot be written: \(String(cString: strerror(errno)))",
                "set NotifyAccess=main in the unit", .noPermission)
    }

    private static var journal: DoctorFinding {
        let path = "/run/systemd/journal/socket"
        if access(path, W_OK) == 0 { return .ok("journal", "journald can be told") }
        return errno == ENOENT
            ? .note("journal", "journald does not run here", "events go to stderr: choose --log-format text or json")
            : .failed(
                "journal", "\(path) cannot be written: \(String(cString: strerror(errno)))",
                "the unit must see /run/systemd/journal", .noPermission)
    }
}
