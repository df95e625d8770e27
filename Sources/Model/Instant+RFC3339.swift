extension Instant {
    /// Reads an RFC 3339 date-time such as `2026-12-01T09:00:00Z` or `2026-12-01T10:00:00.250+01:00`.
    ///
    /// Nil if the text is not one, or the day or the time does not exist.
    package init?(rfc3339 text: some StringProtocol) {
        var reader = DigitReader(text.utf8)
        guard let year = reader.digits(4), reader.take("-"),
            let month = reader.digits(2), (1...12).contains(month), reader.take("-"),
            let day = reader.digits(2), (1...CivilDate.days(inMonth: month, of: year)).contains(day),
            reader.take("T") || reader.take("t") || reader.take(" "),
            let hour = reader.digits(2), hour < 24, reader.take(":"),
            let minute = reader.digits(2), minute < 60, reader.take(":"),
            let second = reader.digits(2), second <= 60
        else { return nil }
        let fraction = reader.take(".") ? reader.millisecondsOfFraction() : 0
        guard let fraction, let offsetMinutes = reader.zone(), reader.isAtEnd else { return nil }
        let days = CivilDate(year: year, month: month, day: day).daysSinceEpoch
        let minutes = Int64(hour * 60 + minute - offsetMinutes)
        milliseconds = (Int64(days) * 86400 + minutes * 60 + Int64(second)) * 1000 + Int64(fraction)
    }

    /// The instant as `2026-12-01T09:00:00Z`, with milliseconds only if they are not 0.
    package var rfc3339: String {
        let parts = self.parts
        let tail = parts.millisecond == 0 ? "" : "." + padded(parts.millisecond, 3)
        return "\(date)T\(padded(parts.hour, 2)):\(padded(parts.minute, 2)):\(padded(parts.second, 2))\(tail)Z"
    }

    /// RFC 3339 without fractions of a second.
    package var toSecond: String { "\(rfc3339.prefix(19))Z" }

    /// The time of day as `18:22Z`, for messages about the near future.
    package var clockTime: String {
        let parts = self.parts
        return "\(padded(parts.hour, 2)):\(padded(parts.minute, 2))Z"
    }

    /// The time of day, with the day if that is not the day of `now`: `18:22Z`, or `2026-12-02 18:22Z`.
    package func shortText(on now: Instant) -> String { date == now.date ? clockTime : "\(date) \(clockTime)" }

    /// The day as `2026-12-01`.
    package var date: String {
        let civil = parts.date
        return "\(padded(civil.year, 4))-\(padded(civil.month, 2))-\(padded(civil.day, 2))"
    }

    /// The next midnight UTC strictly after this instant.
    package var nextMidnight: Instant {
        Instant(milliseconds: (floorDivide(milliseconds, 86_400_000) + 1) * 86_400_000)
    }

    private var parts: (date: CivilDate, hour: Int, minute: Int, second: Int, millisecond: Int) {
        let day = floorDivide(milliseconds, 86_400_000)
        let rest = Int(milliseconds - day * 86_400_000)
        return (
            CivilDate(daysSinceEpoch: Int(day)), rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60, rest % 1000
        )
    }
}

extension Instant: CustomStringConvertible {
    package var description: String { rfc3339 }
}

/// A day of the proleptic Gregorian calendar, by Howard Hinnant's `days_from_civil`.
private struct CivilDate {
    var year: Int
    var month: Int
    var day: Int

    init(year: Int, month: Int, day: Int) {
        (self.year, self.month, self.day) = (year, month, day)
    }

    init(daysSinceEpoch: Int) {
        let shifted = daysSinceEpoch + 719_468
        let era = Int(floorDivide(Int64(shifted), 146_097))
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    var daysSinceEpoch: Int {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = Int(floorDivide(Int64(shiftedYear), 400))
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    static func days(inMonth month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

/// Reads ASCII digits and separators from a text.
private struct DigitReader {
    private var rest: [UInt8].SubSequence

    init(_ bytes: some Sequence<UInt8>) {
        rest = Array(bytes)[...]
    }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func take(_ character: Character) -> Bool {
        guard rest.first == character.asciiValue else { return false }
        rest.removeFirst()
        return true
    }

    mutating func digits(_ count: Int) -> Int? {
        guard rest.count >= count else { return nil }
        var value = 0
        for byte in rest.prefix(count) {
            guard (48...57).contains(byte) else { return nil }
            value = value * 10 + Int(byte - 48)
        }
        rest = rest.dropFirst(count)
        return value
    }

    /// Up to nine digits of a fraction of a second, truncated to milliseconds.
    mutating func millisecondsOfFraction() -> Int? {
        var value = 0
        var count = 0
        while let digit = digits(1) {
            if count < 3 { value = value * 10 + digit }
            count += 1
        }
        guard (1...9).contains(count) else { return nil }
        for _ in 0..<max(0, 3 - count) { value *= 10 }
        return value
    }

    /// `Z` or `+01:00`, as minutes east of Greenwich.
    mutating func zone() -> Int? {
        if take("Z") || take("z") { return 0 }
        let sign = take("+") ? 1 : take("-") ? -1 : 0
        guard sign != 0, let hours = digits(2), hours < 24, take(":"), let minutes = digits(2), minutes < 60 else {
            return nil
        }
        return sign * (hours * 60 + minutes)
    }
}

private func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
    let quotient = value / divisor
    return value % divisor < 0 ? quotient - 1 : quotient
}

private func padded(_ value: Int, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}
