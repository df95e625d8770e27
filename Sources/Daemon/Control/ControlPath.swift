import FoundationEssentials

/// What the control socket answers, by its paths.
package enum ControlPath: String, CaseIterable, Sendable {
    case metrics = "/metrics"
    case status = "/v1/status"
    case explain = "/v1/explain"
    case history = "/v1/history"
    case orders = "/v1/orders"
    case reload = "/v1/reload"

    /// The path with a query; values that are nil are left out.
    package func with(_ query: [(name: String, value: String?)]) -> String {
        var components = URLComponents()
        components.path = rawValue
        components.queryItems = query.compactMap { item in
            item.value.map { URLQueryItem(name: item.name, value: $0) }
        }
        // A plus is a space to those who read queries as forms.
        components.percentEncodedQuery = components.percentEncodedQuery?.replacing("+", with: "%2B")
        return components.string ?? rawValue
    }
}
