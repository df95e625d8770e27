import Glibc
import HTTPTypes
import HummingbirdCore
package import Journal
import Logging
import Model
import NIOCore
package import NIOPosix
import ServiceLifecycle
package import Threads

/// Serves the status page: read-only HTML over HTTP.
///
/// Sizes and times of requests are bounded. If the server cannot listen, it reports this and tries again; the guard
/// continues.
package struct WebServer: Service {
    /// Who may read the page, and where.
    package struct Access: Sendable {
        package var address: WebAddress
        /// Nil admits everyone who can connect.
        package var token: AccessToken?
        /// Host names that requests may carry besides IP addresses and `localhost`.
        package var hosts: [String]

        package init(_ address: WebAddress, token: AccessToken? = nil, hosts: [String] = []) {
            (self.address, self.token, self.hosts) = (address, token, hosts)
        }
    }

    /// How long a failed attempt to listen is followed by another.
    private static let retryEvery: Duration = .seconds(10)

    let access: Access
    let hosts: HostCheck
    let pages: WebPages
    let feed = Feed()
    let sessions = Sessions()
    private let journal: Journal
    private let threads: MultiThreadedEventLoopGroup
    private let files: BlockingWork
    private let connections = ListenerConnections()

    /// - Parameter files: creates and removes the socket's file.
    package init(
        _ access: Access, source: StatusSource, journal: Journal, threads: MultiThreadedEventLoopGroup,
        files: BlockingWork
    ) {
        self.access = access
        hosts = HostCheck(names: access.hosts)
        pages = WebPages(source)
        (self.journal, self.threads, self.files) = (journal, threads, files)
    }

    package func run() async throws {
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                group.addTask { await feed.run { await pages.version() } }
                await listen()
            }
        } onGracefulShutdown: {
            feed.closeAll()
        }
    }

    private func listen() async {
        let file = if case .socket(let path) = access.address { SocketFile(path) } else { SocketFile?.none }
        var reported: String?
        while true {
            do {
                try await serve(file)
                break
            } catch {
                let reason = reason(error)
                if reason != reported { reportFailure(reason) }
                reported = reason
            }
            do {
                try await cancelWhenGracefulShutdown { try await Task.sleep(for: WebServer.retryEvery) }
            } catch {
                break
            }
        }
        if let file { _ = await files.run { file.remove() } }
    }

    private struct NotPublished: Error {
        var code: Int32
    }

    /// Serves until the daemon stops.
    private func serve(_ file: SocketFile?) async throws {
        guard let file else {
            guard case .port(let port, let host) = access.address else { return }
            return try await server(.hostname(host, port: port)).run()
        }
        // The socket is created with access for its owner only.
        let name = file.newName()
        try await withThrowingTaskGroup(of: Void.self) { group in
            let (published, publish) = AsyncStream.makeStream(of: Int32?.self)
            let server = try server(.unixDomainSocket(path: name)) {
                publish.yield(await files.run { file.publish(name) } ?? EBUSY)
                publish.finish()
            }
            group.addTask {
                defer { publish.finish() }
                try await server.run()
            }
            if let code = await published.first(where: { _ in true }) ?? nil {
                group.cancelAll()
                throw NotPublished(code: code)
            }
            try await group.waitForAll()
        }
    }

    private func reportFailure(_ reason: String) {
        journal.report(
            JournalEvent(
                .controlFailed,
                "cannot serve the status page on \(access.address.text): \(reason); campaigns are still watched",
                fields: [.reason: reason]))
    }

    private func reason(_ error: any Error) -> String {
        switch error {
        case let error as IOError: String(cString: strerror(error.errnoCode))
        case let error as NotPublished: String(cString: strerror(error.code))
        case SocketAddressError.unixDomainSocketPathTooLong: String(cString: strerror(ENAMETOOLONG))
        default: "the address cannot be used"
        }
    }

    /// - Parameter onRunning: is called once the address is bound, and before a connection is answered.
    private func server(
        _ bind: BindAddress, onRunning: @escaping @Sendable () async -> Void = {}
    ) throws -> any Service {
        try HTTPServerBuilder.http1(
            configuration: .init(
                additionalChannelHandlers: [ConnectionHandlerInstaller(connections)],
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: 8192, maxHeaderListSize: 16384, maxHeaderFieldCount: 64))
        ).buildServer(
            configuration: .init(address: bind),
            eventLoopGroup: threads, logger: Logger(label: "web") { _ in SwiftLogNoOpLogHandler() },
            responder: { request, writer, channel in
                let writer = consume writer
                try await respond(to: request, writer, from: channel)
            },
            onServerRunning: { _ in await onRunning() })
    }
}
