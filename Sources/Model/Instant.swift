/// A point in wall-clock time, in milliseconds since 1970-01-01T00:00:00Z.
///
/// The guard never reads a clock: callers pass the time.
package struct Instant: Hashable, Comparable, Sendable, Codable {
    package var milliseconds: Int64

    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// Set to true in a coder's `userInfo` to encode instants as text, `2026-12-01T09:00:00Z`.
    package static let asText: CodingUserInfoKey = {
        guard let key = CodingUserInfoKey(rawValue: "instants as text") else {
            preconditionFailure("CodingUserInfoKey rejected its raw value")
        }
        return key
    }()

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard Instant.isText(decoder.userInfo) else {
            milliseconds = try container.decode(Int64.self)
            return
        }
        let text = try container.decode(String.self)
        guard let instant = Instant(rfc3339: text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(text) is not a date and time")
        }
        self = instant
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if Instant.isText(encoder.userInfo) {
            try container.encode(rfc3339)
        } else {
            try container.encode(milliseconds)
        }
    }

    private static func isText(_ userInfo: [CodingUserInfoKey: Any]) -> Bool {
        userInfo[asText] as? Bool ?? false
    }

    package static func < (left: Instant, right: Instant) -> Bool {
        left.milliseconds < right.milliseconds
    }

    package static func + (instant: Instant, duration: Duration) -> Instant {
        Instant(milliseconds: instant.milliseconds + duration.milliseconds)
    }

    package static func - (instant: Instant, duration: Duration) -> Instant {
        Instant(milliseconds: instant.milliseconds - duration.milliseconds)
    }

    package static func - (left: Instant, right: Instant) -> Duration {
        .milliseconds(left.milliseconds - right.milliseconds)
    }

    /// Seconds since `other`; negative if this instant is earlier.
    package func seconds(since other: Instant) -> Double { Double(milliseconds - other.milliseconds) / 1000 }
}

extension Duration {
    /// The duration in milliseconds, rounded towards zero and clamped to `Int64`.
    package var milliseconds: Int64 {
        // A millisecond is 2^15 * 5^15 attoseconds: below a week, 64 bits suffice for the division.
        let shifted = attoseconds >> 15
        if attoseconds >= 0, shifted <= Int128(UInt64.max) { return Int64(UInt64(shifted) / 30_517_578_125) }
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        if overflow { return seconds < 0 ? .min : .max }
        return whole &+ attoseconds / 1_000_000_000_000_000
    }

    /// The duration in seconds.
    package var seconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }

    /// The duration in hours, the unit of `rate()`.
    package var hours: Double { seconds / 3600 }
}
