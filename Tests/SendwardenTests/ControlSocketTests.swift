import Foundation
import TestSupport
import Testing

/// The control socket's file: one daemon owns it, and notices when it is lost.
@Suite(.serialized) struct ControlSocketTests {
    private func arguments(_ folder: TemporaryFolder, ledger: String, socket: String = "control.sock") -> [String] {
        [
            "run", "--policy", folder.path + "/policy.yaml", "--log-format", "text", "--ledger",
            folder.path + "/" + ledger, "--control", folder.path + "/" + socket,
        ]
    }

    private func listens(_ path: String) -> Bool { (try? RawConnection(path: path)) != nil }

    @Test func aSecondDaemonOnTheSameSocketIsRefused() throws {
        try DaemonProcessTests.withDaemon(mode: "observe") { daemon, folder, _, _ in
            let socket = folder.path + "/control.sock"
            #expect(daemon.wait { daemon.stderr.contains("daemon.ready") && listens(socket) })
            let second = try Program.run(arguments(folder, ledger: "other.sqlite"))
            #expect(second.code == 69)
            #expect(second.stderr.contains("is the control socket of process \(daemon.pid)"))
            #expect(!FileManager.default.fileExists(atPath: folder.path + "/other.sqlite"))
            // Without the lock's file, as after an older version, the socket itself shows it.
            try FileManager.default.removeItem(atPath: socket + ".lock")
            let third = try Program.run(arguments(folder, ledger: "other.sqlite"))
            #expect(third.code == 69 && third.stderr.contains("process \(daemon.pid)"))
            #expect(try Program.run(["status", "--control", socket]).code == 0)
            // Another socket is no conflict.
            let other = try RunningProgram(arguments(folder, ledger: "other.sqlite", socket: "other.sock"))
            #expect(other.wait { listens(folder.path + "/other.sock") })
            other.signal(SIGTERM)
            #expect(other.waitUntilExit().code == 0)
            #expect(!FileManager.default.fileExists(atPath: folder.path + "/other.sock"))
            #expect(!FileManager.default.fileExists(atPath: folder.path + "/other.sock.lock"))
            #expect(listens(socket))
        }
    }

    @Test func theSocketOfADeadDaemonIsReplaced() throws {
        try DaemonProcessTests.withDaemon(mode: "observe") { daemon, folder, _, _ in
            let socket = folder.path + "/control.sock"
            #expect(daemon.wait { listens(socket) })
            daemon.signal(SIGKILL)
            _ = daemon.waitUntilExit()
            #expect(FileManager.default.fileExists(atPath: socket))
            let next = try RunningProgram(arguments(folder, ledger: "ledger.sqlite"))
            #expect(next.wait { listens(socket) })
            next.signal(SIGTERM)
            #expect(next.waitUntilExit().code == 0)
        }
    }

    @Test func aLostSocketIsReportedAndOpenedAgain() throws {
        try DaemonProcessTests.withDaemon(mode: "observe") { daemon, folder, _, _ in
            let socket = folder.path + "/control.sock"
            #expect(daemon.wait { listens(socket) })
            try FileManager.default.removeItem(atPath: socket)
            #expect(daemon.wait { daemon.stderr.contains("was removed while the daemon runs") })
            #expect(daemon.wait { listens(socket) })
            #expect(try Program.run(["status", "--control", socket]).code == 0)

            // Another process takes the name: its socket stays, also when the daemon ends.
            try FileManager.default.removeItem(atPath: socket)
            let thief = try ListeningSocket(path: socket)
            #expect(daemon.wait { daemon.stderr.contains("was replaced by that of process \(getpid())") })
            daemon.signal(SIGTERM)
            #expect(daemon.waitUntilExit().code == 0)
            #expect(listens(socket))
            withExtendedLifetime(thief) {}
        }
    }

    @Test func whatIsNoSocketIsNotReplaced() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("precious", "content")
        try DaemonProcessTests.withDaemon(mode: "observe", arguments: ["--control", file]) { daemon, _, _, _ in
            #expect(daemon.wait { daemon.stderr.contains("cannot listen on \(file): File exists") })
            #expect(daemon.wait { daemon.stderr.contains("daemon.ready") })
        }
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "content")
        // The lock of a daemon that was killed stays; the name that was bound does not.
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(names.sorted() == ["precious", "precious.lock"])
    }
}

/// A Unix socket on which the test listens and answers nothing.
private final class ListeningSocket {
    private let descriptor: Int32

    init(path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        let code = withUnsafePointer(to: sockaddr_un(path: path)) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard code == 0, listen(descriptor, 16) == 0 else { throw RawConnection.Failed() }
    }

    deinit { close(descriptor) }
}
