import Model
import Policy

/// How fast a campaign sends, and how its latest emails fared: forecasts rest on these.
struct SendingPace: Sendable {
    /// In seconds: a short memory follows a burst at once; a long one is not misled by a lull between two.
    private static let memories = (short: 120.0, long: 1800.0)
    /// So many of the latest emails show how it fares now.
    private static let latestMax = 200.0

    private var last: (counters: Counters, at: Instant)?
    private var short = 0.0
    private var long = 0.0
    private var isKnown = false
    private var grownAt: Instant?
    /// In seconds.
    private var flat = 0.0
    private var bounced = 0.0
    private var resolved = 0.0

    /// Takes in an answer.
    mutating func observe(_ newest: Counters, at now: Instant) {
        var counters = newest
        defer { last = (counters, now) }
        guard let last, now > last.at else {
            if let last { counters.fill(from: last.counters) }
            return
        }
        counters.fill(from: last.counters)
        func growth(_ counter: Counter) -> Double { counters.growth(of: counter, since: last.counters) ?? 0 }
        let (emails, elapsed) = (max(growth(.sent), growth(.resolved)), now.seconds(since: last.at))
        let perSecond = emails / elapsed
        if emails > 0 {
            // Forgotten bit by bit, so that one quiet night does not count for good.
            flat = max(flat * 0.9, grownAt.map { now.seconds(since: $0) } ?? 0)
            grownAt = now
        }
        if isKnown {
            short += (perSecond - short) * SendingPace.weight(elapsed, SendingPace.memories.short)
            long += (perSecond - long) * SendingPace.weight(elapsed, SendingPace.memories.long)
        } else {
            (short, long, isKnown) = (perSecond, perSecond, true)
        }
        bounced += growth(.bounced)
        resolved += growth(.resolved)
        let kept = min(1, SendingPace.latestMax / max(1, resolved))
        (bounced, resolved) = (bounced * kept, resolved * kept)
    }

    private static func weight(_ elapsed: Double, _ memory: Double) -> Double { elapsed / (elapsed + memory) }

    /// The longest that the counters stood between two growths lately.
    var longestFlat: Duration { .milliseconds(Int64(flat * 1000)) }

    /// Emails a second by either memory, the lower and the higher; nil before two answers.
    var range: (min: Double, max: Double)? { isKnown ? (min(short, long), max(short, long)) : nil }

    /// Emails a second; nil before two answers.
    var perSecond: Double? { isKnown ? max(short, long) : nil }

    /// The highest bounce rate that its latest emails are consistent with, at 95 % confidence.
    var highestRate: Double {
        WilsonInterval(min(bounced, resolved), of: resolved, confidence: 0.95)?.upper ?? 1
    }
}
