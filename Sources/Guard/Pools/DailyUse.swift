import Model

/// Emails that were seen to leave in the current day, UTC.
struct DailyUse: Hashable, Sendable {
    private var day: Int64 = .min
    private var emails = 0.0

    private static func day(_ time: Instant) -> Int64 { Int64((Double(time.milliseconds) / 86_400_000).rounded(.down)) }

    private static func start(_ day: Int64) -> Instant { Instant(milliseconds: day * 86_400_000) }

    /// So many emails left between two times of the wall clock; what left before midnight is not of the day.
    mutating func note(_ count: Double, from start: Instant, to end: Instant) {
        let today = DailyUse.day(end)
        if today > day { (day, emails) = (today, 0) }
        // A clock that was set back does not bring yesterday back.
        guard today == day, end > start else { return }
        emails += count * ((end - max(start, DailyUse.start(today))) / (end - start))
    }

    /// How many have left in the day that the wall clock shows.
    func count(at now: Instant) -> Int { DailyUse.day(now) == day ? Int(emails.rounded(.up)) : 0 }

    /// When the next day begins.
    static func renewal(after now: Instant) -> Instant { start(day(now) + 1) }
}
