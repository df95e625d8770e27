import ArgumentParser
import AsyncHTTPClient
import FoundationEssentials
import Glibc
import Journal
import NIOCore
import NIOHTTP1

/// Why the daemon could not be asked.
struct ControlFailure: Error {
    var code: ExitCode
    var reason: String
    /// Nothing listens there: no daemon runs, as far as can be seen.
    var isAbsent = false
}

/// How a command reaches the running daemon.
struct ControlOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The daemon's control socket; by default control.sock in $RUNTIME_DIRECTORY, else in /run/sendwarden.",
            valueName: "file"))
    var control: String?

    /// Where the daemon's own surroundings put the socket; nil outside a service with a runtime directory.
    static var standardPath: String? { ServiceDirectory.path("control.sock", in: "RUNTIME_DIRECTORY") }

    var path: String { control ?? ControlOption.standardPath ?? "/run/sendwarden/control.sock" }

    /// The longest answer that is read.
    private static let answerBytesMax = 64 << 20

    /// Asks the daemon; what it answered.
    func tryAsking(
        _ method: String, _ uri: String, body: String? = nil
    ) async throws(ControlFailure) -> (status: UInt, body: ByteBuffer) {
        if path.utf8.count > 107 {
            throw ControlFailure(
                code: .badConfiguration, reason: "the path of a socket has at most 107 bytes: \(path)")
        }
        // Asked plainly first: the client would try again and again.
        if let code = ControlOption.reachError(path) { throw unreachable(code) }
        var encoded = ""
        for byte in path.utf8 { encoded += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16) }
        var request = HTTPClientRequest(url: "http+unix://\(encoded)\(uri)")
        request.method = .init(rawValue: method)
        if let body { request.body = .bytes(ByteBuffer(string: body)) }
        do {
            let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
            return (response.status.code, try await response.body.collect(upTo: ControlOption.answerBytesMax))
        } catch {
            throw ControlFailure(code: .unavailable, reason: "the daemon does not answer on \(path): \(error)")
        }
    }

    /// Asks the daemon; says why it cannot be reached, where it cannot, and throws the exit code.
    func ask(_ method: String, _ uri: String, body: String? = nil) async throws -> (status: UInt, body: ByteBuffer) {
        do throws(ControlFailure) {
            return try await tryAsking(method, uri, body: body)
        } catch {
            StandardError.write("error: \(error.reason)")
            throw error.code
        }
    }

    /// Asks for something to read; throws the exit code, and says why, where the daemon does not give it.
    func fetch(_ uri: String) async throws -> ByteBuffer {
        let (status, body) = try await ask("GET", uri)
        guard status == 200 else {
            StandardError.write("error: the daemon answers HTTP \(status)")
            throw ExitCode.unavailable
        }
        return body
    }

    private func unreachable(_ code: Int32) -> ControlFailure {
        switch code {
        case EACCES, EPERM:
            ControlFailure(
                code: .noPermission,
                reason: "no permission to use \(path): be root, or a member of group sendwarden")
        case ENOENT:
            ControlFailure(
                code: .unavailable, reason: "no daemon: there is no socket \(path); is the service running?",
                isAbsent: true)
        case ECONNREFUSED:
            ControlFailure(
                code: .unavailable, reason: "no daemon listens on \(path); is the service running?", isAbsent: true)
        default:
            ControlFailure(
                code: .unavailable,
                reason: "the daemon cannot be reached on \(path): \(String(cString: strerror(code)))")
        }
    }

    /// Why the socket cannot be connected to; nil where it can.
    private static func reachError(_ path: String) -> Int32? {
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
