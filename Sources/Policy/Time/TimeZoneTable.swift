import Foundation
package import Model

/// A time zone's offsets from UTC, read once, so that evaluating a condition takes no lock and no calendar.
///
/// The time-zone data comes from the Foundation library that the program was built with.
package struct TimeZoneTable: Sendable {
    /// The period that the table covers; outside it, every call asks the library.
    private static let span = Int64(946_684_800)..<2_840_140_800  // 2000 to 2060

    package let name: String
    private let zone: TimeZone
    /// Seconds since 1970 at which each offset begins.
    private let starts: [Int64]
    private let offsets: [Int64]

    /// Nil if the library knows no zone of that name, such as `Europe/Berlin`.
    package init?(_ name: String) {
        guard !name.isEmpty, let zone = TimeZone(identifier: name) else { return nil }
        var time = Date(timeIntervalSince1970: Double(TimeZoneTable.span.lowerBound))
        var starts = [TimeZoneTable.span.lowerBound]
        var offsets = [Int64(zone.secondsFromGMT(for: time))]
        while let next = zone.nextDaylightSavingTimeTransition(after: time), next > time,
            next.timeIntervalSince1970 < Double(TimeZoneTable.span.upperBound)
        {
            time = next
            starts.append(Int64(next.timeIntervalSince1970))
            offsets.append(Int64(zone.secondsFromGMT(for: next)))
        }
        (self.name, self.zone, self.starts, self.offsets) = (name, zone, starts, offsets)
    }

    /// The seconds by which the zone's clocks are ahead of UTC.
    func offset(at seconds: Int64) -> Int64 {
        guard TimeZoneTable.span.contains(seconds) else {
            return Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds))))
        }
        var (low, high) = (0, starts.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= seconds { low = middle } else { high = middle }
        }
        return offsets[low]
    }

    /// A time during which the offset is the same; nil ends where it goes on.
    struct Segment {
        var start: Int64?
        var end: Int64?
        var offset: Int64
    }

    /// The segments within two days of a time on the zone's clocks.
    func segments(around local: Int64) -> [Segment] {
        let near = local - 2 * 86400...local + 2 * 86400
        guard TimeZoneTable.span.contains(near.lowerBound), TimeZoneTable.span.contains(near.upperBound) else {
            return [Segment(offset: offset(at: local - offset(at: local)))]
        }
        let changes = changes(within: near)
        guard let first = changes.first else { return [Segment(offset: offset(at: local))] }
        return [Segment(end: starts[first], offset: offsets[first - 1])]
            + changes.map { index in
                let isLast = index == changes.upperBound - 1
                return Segment(start: starts[index], end: isLast ? nil : starts[index + 1], offset: offsets[index])
            }
    }

    /// The indexes of the changes of the offset within a period.
    private func changes(within period: ClosedRange<Int64>) -> Range<Int> {
        func firstIndex(from time: Int64) -> Int {
            var (low, high) = (1, starts.count)
            while low < high {
                let middle = (low + high) / 2
                if starts[middle] < time { low = middle + 1 } else { high = middle }
            }
            return low
        }
        let first = firstIndex(from: period.lowerBound)
        return first..<max(first, firstIndex(from: period.upperBound + 1))
    }

    /// The error about a name that no zone has.
    static func unknown(_ name: String) -> String { "unknown time zone '\(name.prefix(40))'" }

    /// A question about the name that is most likely meant; nil if there is none.
    static func suggestion(for name: String, quote: String = "'") -> String? {
        nearest(to: name).map { "did you mean \(quote)\($0)\(quote)?" }
    }

    /// The known name that is most likely meant: a similar name, or that of a zone with this city.
    private static func nearest(to name: String) -> String? {
        let known = TimeZone.knownTimeZoneIdentifiers + ["UTC"]
        let city = "/" + name.lowercased().replacing(" ", with: "_")
        return known.first { $0.lowercased().hasSuffix(city) } ?? NearestName.of(name, in: known)
    }
}

/// The time that the zone's clocks show.
extension TimeZoneTable {
    private static let day: Int64 = 86400

    func local(_ time: Instant) -> Int64 {
        let seconds = TimeZoneTable.floor(time.milliseconds, 1000).quotient
        return seconds + offset(at: seconds)
    }

    /// The first time after `time` at which the zone's clocks show this minute of the day.
    ///
    /// Where clocks skip that minute, the time an hour later counts.
    package func next(minuteOfDay: Int, after time: Instant) -> Instant {
        let today = TimeZoneTable.floor(local(time), TimeZoneTable.day).quotient
        for day in today...(today + 2) {
            let wanted = day * TimeZoneTable.day + Int64(minuteOfDay) * 60
            let guess = wanted - offset(at: wanted)
            let candidate = Instant(milliseconds: (wanted - offset(at: guess)) * 1000)
            if candidate > time { return candidate }
        }
        return time + .seconds(TimeZoneTable.day)
    }

    /// 0…23.
    package func hour(at time: Instant) -> Int {
        Int(TimeZoneTable.floor(local(time), TimeZoneTable.day).remainder / 3600)
    }

    /// 0 is Sunday.
    package func weekday(at time: Instant) -> Int {
        // 1970 began on a Thursday.
        Int(TimeZoneTable.floor(TimeZoneTable.floor(local(time), TimeZoneTable.day).quotient + 4, 7).remainder)
    }

    static func floor(_ value: Int64, _ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
