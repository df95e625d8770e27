package import AsyncHTTPClient
package import Model
import NIOCore
import NIOHTTP1

/// Asks a platform for nothing in particular, without a key: whether it is there, and what its clock shows.
package enum PlatformProbe {
    package struct Answer: Sendable {
        package var status: Int
        /// By the answer's `Date` header, in whole seconds; nil where it has none.
        package var date: Instant?
    }

    /// - Parameter path: of an endpoint that answers looks.
    /// - Throws: why no answer came.
    package static func probe(
        _ http: HTTPClient, url: String, path: String, timeout: Duration
    ) async throws(Fault) -> Answer {
        do {
            var request = HTTPClientRequest(url: url + path)
            request.method = .GET
            let response = try await http.execute(request, timeout: .milliseconds(timeout.milliseconds))
            // Read, as far as that goes, so that the connection ends well.
            _ = try? await response.body.collect(upTo: 1 << 16)
            return Answer(
                status: Int(response.status.code),
                date: response.headers.first(name: "date").flatMap(HTTPTime.instant))
        } catch {
            throw TransportFault.fault(error)
        }
    }
}
