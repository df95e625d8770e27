import AsyncAlgorithms
import Gateway
import Glibc
import HummingbirdCore
import Journal
import Logging
import Model
import ServiceLifecycle
import Threads

/// Serves on a Unix socket, and opens it again if its file is deleted.
extension ControlServer {
    /// How often the file is checked, so that a lost socket is opened again well within a minute.
    static let watchEvery: Duration = .seconds(10)

    /// How an attempt to serve ended.
    private enum End {
        case stopping
        case failed(String)
        /// The file was deleted, or replaced by a socket on which no process listens.
        case lost
    }

    /// Serves until the daemon stops; opens a lost socket again, and retries one that cannot be opened.
    func serve(on file: SocketFile) async {
        var reported: String?
        while true {
            let end = await serveOnce(on: file)
            switch end {
            case .stopping:
                _ = await socketWork.run { file.remove() }
                return
            case .lost:
                reported = nil
                journal.report(
                    JournalEvent(
                        .controlFailed,
                        "the control socket \(file.path) was removed while the daemon runs; it is opened again; campaigns "
                            + "are still watched", fields: [.reason: "the socket was removed"]))
            case .failed(let reason):
                if reason != reported { reportFailure(reason) }
                reported = reason
                guard await isTime(ControlServer.watchEvery) else { return }
            }
        }
    }

    private func serveOnce(on file: SocketFile) async -> End {
        let name = file.newName()
        let (published, publish) = AsyncStream.makeStream(of: Int32?.self)
        let group: ServiceGroup
        do {
            let server = try server(.unixDomainSocket(path: name)) {
                // The socket is created with access for its owner only.
                let result = await socketWork.run { file.publish(name) }
                publish.yield(result ?? EBUSY)
                publish.finish()
            }
            group = ServiceGroup(
                configuration: .init(
                    services: [.init(service: server)],
                    logger: Logger(label: "control") { _ in SwiftLogNoOpLogHandler() }))
        } catch {
            return .failed(reason(error))
        }
        return await withTaskGroup(of: End.self) { tasks in
            tasks.addTask {
                do {
                    try await group.run()
                    return .stopping
                } catch {
                    return .failed(reason(error))
                }
            }
            tasks.addTask {
                let code = await published.first { _ in true } ?? nil
                let end = if let code { End.failed(String(cString: strerror(code))) } else { await watch(file) }
                // Without its file the socket gets no new connection; existing requests are answered first.
                await group.triggerGracefulShutdown()
                return end
            }
            let first = await tasks.next() ?? .stopping
            publish.finish()
            if case .failed = first { tasks.cancelAll() }
            let second = await tasks.next() ?? .stopping
            switch (first, second) {
            case (.failed, _), (.lost, _): return first
            case (.stopping, _): return second
            }
        }
    }

    /// Returns when the socket is lost or the daemon stops; reports once if another process replaced it.
    private func watch(_ file: SocketFile) async -> End {
        var reported: SocketFile.State?
        while await isTime(ControlServer.watchEvery) {
            let state = await socketWork.run { file.state } ?? .unknown
            switch state {
            case .ours: reported = nil
            case .unknown: break
            case .gone, .abandoned: return .lost
            case .replaced(let pid):
                guard reported != .replaced(by: pid) else { continue }
                reported = .replaced(by: pid)
                let other = pid.map { "process \($0)" } ?? "another process"
                journal.report(
                    JournalEvent(
                        .controlFailed,
                        "the control socket \(file.path) was replaced by that of \(other), which now gets the orders and "
                            + "queries; stop that process, or give it another socket; campaigns are still watched",
                        fields: [.reason: "the socket was replaced by \(other)"]))
            }
        }
        return .stopping
    }

    /// True after that time; false as soon as the daemon stops.
    private func isTime(_ duration: Duration) async -> Bool {
        do {
            try await cancelWhenGracefulShutdown { try await Task.sleep(for: duration) }
            return true
        } catch {
            return false
        }
    }
}
