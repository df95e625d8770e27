import HummingbirdCore
package import Ledger
import Model

/// Converts a history filter to and from the query of a request.
package enum HistoryQuery {
    /// The most events per response, because a response is built in memory.
    package static let limitMax = 5000

    /// The response header with the number of matching events that are not stored yet, if there are any.
    package static let unstoredHeader = "Sendwarden-Unstored-Events"

    /// The filter of a request; missing parameters match everything, and the default limit is 1000.
    static func filter(_ query: FlatDictionary<Substring, Substring>) -> HistoryFilter {
        func text(_ name: String) -> String? { query[name[...]].map(String.init) }
        var filter = HistoryFilter(limit: min(text("limit").flatMap { Int($0) } ?? 1000, limitMax))
        (filter.campaign, filter.pool, filter.rule) = (text("campaign"), text("pool"), text("rule"))
        filter.event = text("event")
        (filter.priority, filter.after) = (text("priority").flatMap { Int($0) }, text("after").flatMap { Int($0) })
        filter.since = text("since").flatMap { Int64($0) }.map { Instant(milliseconds: $0) }
        filter.until = text("until").flatMap { Int64($0) }.map { Instant(milliseconds: $0) }
        return filter
    }

    /// The path and query for a filter.
    package static func path(_ filter: HistoryFilter, workspace: String? = nil) -> String {
        ControlPath.history.with([
            ("limit", "\(filter.limit)"), ("workspace", workspace), ("campaign", filter.campaign),
            ("pool", filter.pool), ("rule", filter.rule), ("event", filter.event),
            ("priority", filter.priority.map(String.init)), ("since", filter.since.map { "\($0.milliseconds)" }),
            ("until", filter.until.map { "\($0.milliseconds)" }), ("after", filter.after.map(String.init)),
        ])
    }
}
