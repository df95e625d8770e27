import Glibc
import Journal
import TestSupport
import Testing

/// What systemd is told, over a real notify socket.
@Suite(.serialized) struct ServiceNotifierTests {
    /// Runs `body` with `NOTIFY_SOCKET` set; the datagrams that arrived.
    private func notifications(_ body: (ServiceNotifier) -> Void) throws -> [String] {
        let folder = try TemporaryFolder()
        let path = folder.path + "/n"
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0)
        setenv("NOTIFY_SOCKET", path, 1)
        body(ServiceNotifier())
        unsetenv("NOTIFY_SOCKET")
        var datagrams: [String] = []
        var buffer = [UInt8](repeating: 0, count: 8192)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            guard count > 0 else { return datagrams }
            datagrams.append(String(decoding: buffer[..<count], as: UTF8.self))
        }
    }

    @Test func everyStateIsTold() throws {
        let told = try notifications {
            $0.ready(status: "watching 12 campaigns, 1 paused, 1 launch held")
            $0.status("watching 11 campaigns")
            $0.watchdog()
            $0.stopping()
        }
        #expect(
            told == [
                "READY=1\nSTATUS=watching 12 campaigns, 1 paused, 1 launch held", "STATUS=watching 11 campaigns",
                "WATCHDOG=1", "STOPPING=1",
            ])
    }

    @Test func aReloadCarriesTheMonotonicTime() throws {
        var before = timespec()
        clock_gettime(CLOCK_MONOTONIC, &before)
        let told = try notifications { $0.reloading() }
        let lines = try #require(told.first).split(separator: "\n")
        #expect(lines.first == "RELOADING=1")
        let microseconds = try #require(lines.last?.split(separator: "=").last.flatMap { Int($0) })
        let earliest = before.tv_sec * 1_000_000 + before.tv_nsec / 1000
        #expect(microseconds >= earliest)
        #expect(microseconds < earliest + 60_000_000)
    }

    @Test func aStatusCannotSmuggleALine() throws {
        let told = try notifications { $0.status("fine\nMAINPID=1") }
        #expect(told == ["STATUS=fine MAINPID=1"])
    }

    @Test func withoutSystemdNothingHappens() {
        unsetenv("NOTIFY_SOCKET")
        ServiceNotifier().ready(status: "x")
        #expect(ServiceNotifier().watchdogInterval == nil)
    }

    @Test func theWatchdogIsPingedTwiceInItsTime() {
        setenv("WATCHDOG_USEC", "20000000", 1)
        setenv("WATCHDOG_PID", "\(getpid())", 1)
        #expect(ServiceNotifier().watchdogInterval == .seconds(10))
        setenv("WATCHDOG_PID", "1", 1)
        #expect(ServiceNotifier().watchdogInterval == nil)
        unsetenv("WATCHDOG_USEC")
        unsetenv("WATCHDOG_PID")
    }
}
