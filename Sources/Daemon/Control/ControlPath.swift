import FoundationEssentials

/// The paths of the control socket.
package enum ControlPath: String, CaseIterable, Sendable {
    /// Links to what is served.
    case index = "/"
    case metrics = "/metrics"
    case health = "/healthz"
    case readiness = "/readyz"
    case status = "/v1/status"
    case explain = "/v1/explain"
    case history = "/v1/history"
    case orders = "/v1/orders"
    case orderBatch = "/v1/orders/batch"
    case reload = "/v1/reload"
    case notificationTest = "/v1/notifications/test"

    /// The path with a query; nil values are omitted.
    package func with(_ query: [(name: String, value: String?)]) -> String {
        var components = URLComponents()
        components.path = rawValue
        components.queryItems = query.compactMap { item in
            item.value.map { URLQueryItem(name: item.name, value: $0) }
        }
        // Form decoders read a plus as a space.
        components.percentEncodedQuery = components.percentEncodedQuery?.replacing("+", with: "%2B")
        return components.string ?? rawValue
    }
}
