import Model
import Policy

/// The sending pace of a campaign and the fate of its latest emails, on which forecasts rest.
struct SendingPace: Sendable {
    /// Time constants in seconds: the short one follows a burst at once, the long one bridges a lull.
    private static let memories = (short: 120.0, long: 1800.0)
    /// The number of latest emails that represent the present.
    private static let latestMax = 200.0

    private var last: (counters: Counters, at: Instant)?
    private var short = 0.0
    private var long = 0.0
    private var isKnown = false
    private var grownAt: Instant?
    /// The longest recent flat stretch, in seconds.
    private var flat = 0.0
    /// The latest resolved emails, and how many met each fate, in the order of ``EmailFate/allCases``.
    private var resolved = 0.0
    private var fates = SIMD4<Double>()

    /// Updates the pace with a response's counters.
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
            // Decays, so that one quiet night does not count for good.
            flat = max(flat * 0.9, grownAt.map { now.seconds(since: $0) } ?? 0)
            grownAt = now
        }
        if isKnown {
            short += (perSecond - short) * SendingPace.weight(elapsed, SendingPace.memories.short)
            long += (perSecond - long) * SendingPace.weight(elapsed, SendingPace.memories.long)
        } else {
            (short, long, isKnown) = (perSecond, perSecond, true)
        }
        resolved += growth(.resolved)
        let weight = min(1, SendingPace.latestMax / max(1, resolved))
        resolved *= weight
        for fate in EmailFate.allCases {
            fates[fate.rawValue] = (fates[fate.rawValue] + growth(fate.counter)) * weight
        }
    }

    /// Continues from these counters, whose growth was not sent since the last response.
    mutating func skip(to newest: Counters, at now: Instant) {
        var counters = newest
        if let last { counters.fill(from: last.counters) }
        last = (counters, now)
    }

    private static func weight(_ elapsed: Double, _ memory: Double) -> Double { elapsed / (elapsed + memory) }

    /// The longest recent time between two increases of the counters.
    var longestFlat: Duration { .milliseconds(Int64(flat * 1000)) }

    /// Emails per second by the slower and the faster estimate; nil before two responses.
    var range: (min: Double, max: Double)? { isKnown ? (min(short, long), max(short, long)) : nil }

    /// Emails per second by the faster estimate; nil before two responses.
    var perSecond: Double? { isKnown ? max(short, long) : nil }

    /// The highest share of emails with this fate that is consistent with the latest ones, at 95 % confidence.
    func highestShare(of fate: EmailFate) -> Double {
        WilsonInterval(min(fates[fate.rawValue], resolved), of: resolved, confidence: 0.95)?.upper ?? 1
    }
}
