import Model

/// Parses `Date` and both forms of `Retry-After`.
enum HTTPTime {
    /// The wait: seconds, or the time until a date, by the server's clock if the response has a `Date` header.
    static func wait(retryAfter text: String, date: Instant?, now: Instant) -> Duration? {
        if !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
            return .seconds(min(Int64(text) ?? .max, 10 * 365 * 86400))
        }
        guard let until = instant(text) else { return nil }
        return max(.zero, until - (date ?? now))
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// `Sun, 06 Nov 1994 08:49:37 GMT`, the only form that RFC 9110 allows servers to send.
    static func instant(_ text: String) -> Instant? {
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[5] == "GMT", parts[1].count == 2, parts[3].count == 4,
            let month = months.firstIndex(where: { $0 == parts[2] })
        else { return nil }
        return Instant(rfc3339: "\(parts[3])-\(month < 9 ? "0" : "")\(month + 1)-\(parts[1])T\(parts[4])Z")
    }
}
