import Glibc
import Journal
import TestSupport
import Testing

/// Notifications to systemd, over a real socket.
@Suite(.serialized) struct ServiceNotifierTests {
    /// Runs `body` with `NOTIFY_SOCKET` set; returns the received datagrams.
    private func notifications(_ body: (ServiceNotifier) -> Void) throws -> [String] {
        try withManager { _ in body(ServiceNotifier()) }
    }

    /// Runs `body` with a manager that reads when `body` calls `read`, and at the end.
    private func withManager(
        isAbstract: Bool = false, _ body: (_ read: () -> [String]) throws -> Void
    ) throws -> [String] {
        let folder = try TemporaryFolder()
        let path = folder.path + "/n"
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let name = (isAbstract ? [0] : []) + Array(path.utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(2 + name.count))
            }
        }
        try #require(bound == 0)
        setenv("NOTIFY_SOCKET", (isAbstract ? "@" : "") + path, 1)
        defer { unsetenv("NOTIFY_SOCKET") }
        func read() -> [String] {
            var datagrams: [String] = []
            var buffer = [UInt8](repeating: 0, count: 8192)
            while true {
                let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
                guard count > 0 else { return datagrams }
                datagrams.append(String(decoding: buffer[..<count], as: UTF8.self))
            }
        }
        try body(read)
        return read()
    }

    @Test func notificationsReachAnAbstractSocket() throws {
        #expect(try withManager(isAbstract: true) { _ in ServiceNotifier().stopping() } == ["STOPPING=1"])
    }

    /// With sd_notify(3), calls would block.
    @Test(.timeLimit(.minutes(1)))
    func aStuckManagerBlocksNothingAndGetsStatesLater() throws {
        let late = try withManager { read in
            let notifier = ServiceNotifier()
            // More than the queue of the socket, which has 10 entries by default.
            for index in 0..<5000 { notifier.status("filling \(index)") }
            notifier.ready(status: "first")
            notifier.reloading()
            notifier.watchdog()
            notifier.watchdog()
            notifier.status("older")
            notifier.ready(status: "second")
            notifier.status("newest")
            notifier.stopping()
            let taken = read()
            #expect(!taken.isEmpty && taken.allSatisfy { $0.hasPrefix("STATUS=filling") })
            // Nothing is sent without a call, so that a hanging loop does not look alive.
            #expect(read().isEmpty)
            notifier.retry()
        }
        #expect(
            late.map { $0.split(separator: "\n").first.map(String.init) } == [
                "READY=1", "RELOADING=1", "WATCHDOG=1", "READY=1", "STATUS=newest", "STOPPING=1",
            ])
        #expect(late.first == "READY=1\nSTATUS=first")
    }

    @Test func everyStateIsSent() throws {
        let sent = try notifications {
            $0.ready(status: "watching 12 campaigns, 1 paused, 1 launch held")
            $0.status("watching 11 campaigns")
            $0.watchdog()
            $0.stopping()
        }
        #expect(
            sent == [
                "READY=1\nSTATUS=watching 12 campaigns, 1 paused, 1 launch held", "STATUS=watching 11 campaigns",
                "WATCHDOG=1", "STOPPING=1",
            ])
    }

    @Test func aReloadCarriesTheMonotonicTime() throws {
        var before = timespec()
        clock_gettime(CLOCK_MONOTONIC, &before)
        let sent = try notifications { $0.reloading() }
        let lines = try #require(sent.first).split(separator: "\n")
        #expect(lines.first == "RELOADING=1")
        let microseconds = try #require(lines.last?.split(separator: "=").last.flatMap { Int($0) })
        let earliest = before.tv_sec * 1_000_000 + before.tv_nsec / 1000
        #expect(microseconds >= earliest)
        #expect(microseconds < earliest + 60_000_000)
    }

    @Test func aStatusCannotInjectALine() throws {
        let sent = try notifications { $0.status("fine\nMAINPID=1") }
        #expect(sent == ["STATUS=fine MAINPID=1"])
    }

    @Test func callsHaveNoEffectWithoutSystemd() {
        unsetenv("NOTIFY_SOCKET")
        ServiceNotifier().ready(status: "x")
        #expect(ServiceNotifier().watchdogInterval == nil)
    }

    @Test func theWatchdogIntervalIsHalfTheTimeout() {
        setenv("WATCHDOG_USEC", "20000000", 1)
        setenv("WATCHDOG_PID", "\(getpid())", 1)
        #expect(ServiceNotifier().watchdogInterval == .seconds(10))
        setenv("WATCHDOG_PID", "1", 1)
        #expect(ServiceNotifier().watchdogInterval == nil)
        unsetenv("WATCHDOG_USEC")
        unsetenv("WATCHDOG_PID")
    }
}
