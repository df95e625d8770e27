import ArgumentParser
import AsyncHTTPClient
import Daemon
import FoundationEssentials
import Glibc
import Journal
import NIOCore
import NIOHTTP1

/// Why a request to the daemon failed.
struct ControlFailure: Error {
    var code: ExitCode
    var reason: String
    /// True if nothing listens on the socket, so that no daemon appears to run.
    var isAbsent = false
}

/// The control socket of the running daemon.
struct ControlOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The daemon's control socket; by default your own daemon's if it exists, otherwise the service's.",
            valueName: "file"))
    var control: String?

    /// The socket in the service's runtime directory; nil outside a service.
    static var standardPath: String? { ServiceDirectory.path("control.sock", in: "RUNTIME_DIRECTORY") }

    /// The socket of the service, unless this user has a daemon of their own.
    var path: String {
        control ?? ControlOption.standardPath
            ?? ServiceDirectory.existing(ServiceDirectory.userRuntime("control.sock")) ?? "/run/sendwarden/control.sock"
    }

    /// The largest response that is accepted.
    private static let answerBytesMax = 64 << 20

    /// How long the daemon may take; it answers every request within 10 s.
    static let answerWithin: TimeAmount = .seconds(30)

    /// Sends a request to the daemon and returns its response.
    func tryAsking(
        _ method: String, _ uri: String, body: String? = nil, within limit: TimeAmount = answerWithin
    ) async throws(ControlFailure) -> (status: UInt, body: ByteBuffer) {
        let (status, _, body) = try await exchange(method, uri, body: body, within: limit)
        return (status, body)
    }

    /// The same with the response's headers.
    func exchange(
        _ method: String, _ uri: String, body: String? = nil, within limit: TimeAmount = answerWithin
    ) async throws(ControlFailure) -> (status: UInt, headers: HTTPHeaders, body: ByteBuffer) {
        if path.utf8.count > 107 {
            throw ControlFailure(
                code: .badConfiguration, reason: "a socket path is limited to 107 bytes: \(path)")
        }
        // A plain connect first: the HTTP client would retry until its timeout.
        if let code = ControlOption.connectError(path) { throw unreachable(code) }
        var encoded = ""
        for byte in path.utf8 { encoded += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16) }
        var request = HTTPClientRequest(url: "http+unix://\(encoded)\(uri)")
        request.method = .init(rawValue: method)
        if let body { request.body = .bytes(ByteBuffer(string: body)) }
        do {
            let response = try await HTTPClient.shared.execute(request, timeout: limit)
            let body = try await response.body.collect(upTo: ControlOption.answerBytesMax)
            return (response.status.code, response.headers, body)
        } catch {
            throw ControlFailure(code: .unavailable, reason: noResponse(error, within: limit))
        }
    }

    private func noResponse(_ error: any Error, within limit: TimeAmount) -> String {
        switch error {
        case let error as HTTPClientError where [.deadlineExceeded, .readTimeout, .connectTimeout].contains(error):
            "the daemon does not respond on \(path) within \(limit.nanoseconds / 1_000_000_000)s; "
                + "see 'systemctl status sendwarden' and the journal"
        case let error as IOError:
            "the connection to the daemon on \(path) failed: \(String(cString: strerror(error.errnoCode)))"
        default:
            "the daemon closed the connection on \(path) without a response; it may be stopping: see the journal"
        }
    }

    /// The reason that a response other than the expected one gives.
    static func refusal(_ status: UInt, _ body: ByteBuffer) -> String {
        struct Refusal: Decodable { var error: String }
        guard let refusal = try? ReadableJSON.value(Refusal.self, from: Data(body.readableBytesView)) else {
            return "the daemon responded with HTTP \(status)"
        }
        return CleanText.cleaned(refusal.error)
    }

    /// Sends a request to the daemon; reports a failure on stderr and throws the exit code.
    func ask(_ method: String, _ uri: String, body: String? = nil) async throws -> (status: UInt, body: ByteBuffer) {
        do throws(ControlFailure) {
            return try await tryAsking(method, uri, body: body)
        } catch {
            StandardError.write("error: \(error.reason)")
            throw error.code
        }
    }

    /// Sends a GET request; reports any status but 200 on stderr and throws the exit code.
    func fetch(_ uri: String) async throws -> ByteBuffer {
        let (status, body) = try await ask("GET", uri)
        guard status == 200 else {
            StandardError.write("error: \(ControlOption.refusal(status, body))")
            throw ExitCode.unavailable
        }
        return body
    }

    private func unreachable(_ code: Int32) -> ControlFailure {
        switch code {
        case EACCES, EPERM:
            ControlFailure(
                code: .noPermission,
                reason: "no permission to use \(path): run this as root or as a member of group sendwarden")
        case ENOENT:
            ControlFailure(
                code: .unavailable, reason: "no daemon: socket \(path) does not exist; is the service running?",
                isAbsent: true)
        case ECONNREFUSED:
            ControlFailure(
                code: .unavailable, reason: "no daemon listens on \(path); is the service running?", isAbsent: true)
        default:
            ControlFailure(
                code: .unavailable,
                reason: "cannot connect to the daemon on \(path): \(String(cString: strerror(code)))")
        }
    }

    /// The error of connecting to the socket; nil on success.
    private static func connectError(_ path: String) -> Int32? {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        let status = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        return status == 0 ? nil : errno
    }
}
