import Model

/// Converts what the zone's clocks show to instants, also where clocks skip times or show them twice.
extension TimeZoneTable {
    private static let day: Int64 = 86400

    /// The days since 1970 on the zone's clocks.
    func day(at time: Instant) -> Int64 { Self.floor(local(time), Self.day).quotient }

    /// 0 is Sunday, for days since 1970.
    static func weekday(ofDay day: Int64) -> Int { Int(floor(day + 4, 7).remainder) }

    /// When the clocks first show that minute of that day; where they skip it, the moment at which they skip it.
    func first(_ minuteOfDay: Int, ofDay day: Int64) -> Instant {
        let wanted = day * Self.day + Int64(minuteOfDay) * 60
        let times = segments(around: wanted).compactMap { segment -> Int64? in
            let time = max(wanted - segment.offset, segment.start ?? .min)
            return segment.end.map { time < $0 } ?? true ? time : nil
        }
        return Instant(milliseconds: (times.min() ?? wanted - offset(at: wanted)) * 1000)
    }

    /// When the clocks last reach that minute of that day; where they skip it, the moment at which they skip it.
    func last(_ minuteOfDay: Int, ofDay day: Int64) -> Instant {
        let wanted = day * Self.day + Int64(minuteOfDay) * 60
        let times = segments(around: wanted).compactMap { segment -> Int64? in
            let time = min(wanted - segment.offset, segment.end ?? .max)
            return segment.start.map { time > $0 } ?? true ? time : nil
        }
        return Instant(milliseconds: (times.max() ?? wanted - offset(at: wanted)) * 1000)
    }
}
