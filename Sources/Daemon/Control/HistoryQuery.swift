import HummingbirdCore
package import Ledger
import Model

/// A history's filter as the query of a request.
package enum HistoryQuery {
    /// The most that is told at once: an answer is made whole before it is sent.
    package static let limitMax = 5000

    /// What a request asks for; what it does not say is all, the newest 1000 of it.
    static func filter(_ query: FlatDictionary<Substring, Substring>) -> LedgerReader.Filter {
        func text(_ name: String) -> String? { query[name[...]].map(String.init) }
        var filter = LedgerReader.Filter(limit: min(text("limit").flatMap { Int($0) } ?? 1000, limitMax))
        (filter.campaign, filter.pool, filter.rule) = (text("campaign"), text("pool"), text("rule"))
        filter.event = text("event")
        (filter.priority, filter.after) = (text("priority").flatMap { Int($0) }, text("after").flatMap { Int($0) })
        filter.since = text("since").flatMap { Int64($0) }.map { Instant(milliseconds: $0) }
        filter.until = text("until").flatMap { Int64($0) }.map { Instant(milliseconds: $0) }
        return filter
    }

    /// The path with the query that asks for it.
    package static func path(_ filter: LedgerReader.Filter) -> String {
        var parts = ["limit=\(filter.limit)"]
        func add(_ name: String, _ value: String?) {
            if let value { parts.append("\(name)=\(encoded(value))") }
        }
        add("campaign", filter.campaign)
        add("pool", filter.pool)
        add("rule", filter.rule)
        add("event", filter.event)
        add("priority", filter.priority.map(String.init))
        add("since", filter.since.map { "\($0.milliseconds)" })
        add("until", filter.until.map { "\($0.milliseconds)" })
        add("after", filter.after.map(String.init))
        return "/v1/history?" + parts.joined(separator: "&")
    }

    /// Text as it may stand in a query: letters and digits as they are, every other byte by its number.
    package static func encoded(_ text: String) -> String {
        text.utf8.reduce(into: "") { encoded, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default: encoded += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
    }
}
