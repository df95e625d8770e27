import Model

/// The emails seen to leave during the current UTC day.
struct DailyUse: Hashable, Sendable {
    private var day: Int64 = .min
    private var emails = 0.0

    private static func day(_ time: Instant) -> Int64 { Int64((Double(time.milliseconds) / 86_400_000).rounded(.down)) }

    private static func start(_ day: Int64) -> Instant { Instant(milliseconds: day * 86_400_000) }

    /// Adds emails that left between two wall-clock times; those before midnight do not count.
    mutating func note(_ count: Double, from start: Instant, to end: Instant) {
        let today = DailyUse.day(end)
        if today > day { (day, emails) = (today, 0) }
        // A clock set back does not bring yesterday back.
        guard today == day, end > start else { return }
        emails += count * ((end - max(start, DailyUse.start(today))) / (end - start))
    }

    /// The emails that left during the wall clock's current day.
    func count(at now: Instant) -> Int { DailyUse.day(now) == day ? Int(emails.rounded(.up)) : 0 }

    /// When the next day begins.
    static func renewal(after now: Instant) -> Instant { start(day(now) + 1) }
}
