import CSystemd
import Glibc

/// Tells systemd how the service is; without systemd every call does nothing.
package struct ServiceNotifier: Sendable {
    package init() {}

    package func ready(status: String) {
        send("READY=1\nSTATUS=\(CleanText.cleaned(status))")
    }

    package func status(_ text: String) {
        send("STATUS=\(CleanText.cleaned(text))")
    }

    /// A reload has begun; ``ready(status:)`` ends it.
    package func reloading() {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        let microseconds = Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000
        send("RELOADING=1\nMONOTONIC_USEC=\(microseconds)")
    }

    package func stopping() {
        send("STOPPING=1")
    }

    package func watchdog() {
        send("WATCHDOG=1")
    }

    /// How often ``watchdog()`` is due, half of what systemd allows; nil where no watchdog is set.
    package var watchdogInterval: Duration? {
        var microseconds: UInt64 = 0
        guard sd_watchdog_enabled(0, &microseconds) > 0, microseconds > 0 else { return nil }
        return .microseconds(Int64(clamping: microseconds)) / 2
    }

    private func send(_ state: String) {
        _ = sd_notify(0, state)
    }
}
