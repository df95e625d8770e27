package import AsyncHTTPClient
package import Model
import NIOCore
import NIOHTTP1
package import Policy
package import Providers
import Threads

/// Sends requests to receivers, with a deadline; redirects are not followed, and responses are read only to a limit.
package struct HTTPPoster: Sendable {
    private let http: HTTPClient
    private let timeout: Duration

    package static let timeoutDefault: Duration = .seconds(10)
    /// The rest of a response is ignored.
    private static let responseBytesMax = 64 << 10

    package init(_ http: HTTPClient, timeout: Duration = timeoutDefault) {
        (self.http, self.timeout) = (http, timeout)
    }

    /// Sends JSON; a status other than 2xx is a failure.
    package func post(
        _ body: String, to url: String, _ authorization: AuthorizationValue?
    ) async -> Outbox.Outcome {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.headers.add(name: "User-Agent", value: "sendwarden")
        if let authorization { request.headers.add(name: "Authorization", value: authorization.header) }
        request.body = .bytes(ByteBuffer(string: body))
        switch await exchange(request) {
        case .failure(let fault): return .failed(fault.summary)
        case .success(let (status, retryAfter)): return HTTPPoster.outcome(status, retryAfter)
        }
    }

    /// Requests the URL; nil if it responds with 2xx, otherwise the reason.
    func ping(_ url: WebURL, _ method: Heartbeat.Method) async -> String? {
        var request = HTTPClientRequest(url: url.text)
        request.method = method == .get ? .GET : .POST
        request.headers.add(name: "User-Agent", value: "sendwarden")
        switch await exchange(request) {
        case .failure(let fault): return fault.summary
        case .success(let (status, _)): return (200..<300).contains(status) ? nil : "HTTP \(status)"
        }
    }

    /// Whether the server responds at all, without the URL's path, so that nothing is sent to the receiver.
    package func probe(_ url: WebURL) async -> Result<UInt, Fault> {
        var request = HTTPClientRequest(url: url.origin + "/")
        request.method = .HEAD
        request.headers.add(name: "User-Agent", value: "sendwarden")
        return await exchange(request).map { $0.status }
    }

    private static func outcome(_ status: UInt, _ retryAfter: Duration?) -> Outbox.Outcome {
        switch status {
        case 200..<300: .sent
        // The message itself is at fault, so sending it again would fail as well.
        case 400, 413, 415, 422: .refused("HTTP \(status)")
        case 300..<400: .failed("HTTP \(status): redirects are not followed")
        default: .failed("HTTP \(status)", retryAfter: retryAfter)
        }
    }

    private func exchange(
        _ request: HTTPClientRequest
    ) async -> Result<(status: UInt, retryAfter: Duration?), Fault> {
        let (http, timeout) = (http, timeout)
        let outcome = await bounded(by: timeout) { () -> Result<(status: UInt, retryAfter: Duration?), Fault> in
            do {
                let response = try await http.execute(request, timeout: .milliseconds(timeout.milliseconds))
                var bytes = 0
                for try await part in response.body {
                    bytes += part.readableBytes
                    if bytes > HTTPPoster.responseBytesMax { break }
                }
                let wait = response.headers.first(name: "Retry-After").flatMap { Int64($0) }
                return .success((response.status.code, wait.map { .seconds(min(max(0, $0), 86400)) }))
            } catch {
                return .failure(TransportFault.fault(error))
            }
        }
        return outcome ?? .failure(TransportFault.fault(HTTPClientError.deadlineExceeded))
    }
}
