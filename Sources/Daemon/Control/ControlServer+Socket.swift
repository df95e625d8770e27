import AsyncAlgorithms
import Glibc
import HummingbirdCore
import Journal
import Logging
import Model
import ServiceLifecycle
import Threads

/// Listening on a Unix socket whose file others may take away.
extension ControlServer {
    /// Looked at this often, so that a lost socket is reported, and opened again, well within a minute.
    static let watchEvery: Duration = .seconds(10)

    /// How an attempt to serve ended.
    private enum End {
        case stopping
        case failed(String)
        /// The file is gone, or is that of a process that has ended.
        case lost
    }

    /// Serves until the daemon stops; a socket that is lost or cannot be opened yet is opened again.
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
                // The server binds it for nobody but us; here it is opened to the group, in its place.
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
                // A bound socket without its file serves nobody new; who is connected is answered first.
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

    /// Returns once the socket is lost or the daemon stops; another daemon's socket in its place is reported once.
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

    /// True after that time; false at once where the daemon stops.
    private func isTime(_ duration: Duration) async -> Bool {
        do {
            try await cancelWhenGracefulShutdown { try await Task.sleep(for: duration) }
            return true
        } catch {
            return false
        }
    }
}
