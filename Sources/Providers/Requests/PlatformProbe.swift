package import AsyncHTTPClient
package import Model
import NIOCore
import NIOHTTP1

/// Sends a request without a key, to test that a platform is reachable and to read its clock.
package enum PlatformProbe {
    package struct Response: Sendable {
        package var status: Int
        /// The `Date` header, in whole seconds; nil if there is none.
        package var date: Instant?
    }

    /// - Parameter path: an endpoint that supports GET.
    /// - Throws: why there was no response.
    package static func probe(
        _ http: HTTPClient, url: String, path: String, timeout: Duration
    ) async throws(Fault) -> Response {
        do {
            var request = HTTPClientRequest(url: url + path)
            request.method = .GET
            let response = try await http.execute(request, timeout: .milliseconds(timeout.milliseconds))
            // Read the body, so that the connection closes cleanly.
            _ = try? await response.body.collect(upTo: 1 << 16)
            return Response(
                status: Int(response.status.code),
                date: response.headers.first(name: "date").flatMap(HTTPTime.instant))
        } catch {
            throw TransportFault.fault(error)
        }
    }
}
