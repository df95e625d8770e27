import Model
import Policy

/// Readings from tables; missing values are unknown.
struct TableReadings: Readings {
    var gauges: [Gauge: Double] = [:]
    var increases: [Counter: Increase] = [:]
    /// In windows that end in the past.
    var earlierIncreases: [Counter: Increase] = [:]
    var ages: [Source: Duration] = [:]
    var campaignAge: Duration?
    var labels: [String: String] = [:]
    var wallTime: Instant?
    var changed: ChangeReading?

    func value(of gauge: Gauge) -> Double? { gauges[gauge] }
    func increase(of counter: Counter, over window: TimeWindow) -> Increase? {
        window.offset == .zero ? increases[counter] : earlierIncreases[counter]
    }
    func age(of source: Source) -> Duration? { ages[source] }
    func label(_ name: String) -> String { labels[name] ?? "" }
    func change() -> ChangeReading? { changed }
}

extension TableReadings: CompiledReadings {
    func value(of gauge: Gauge) -> Double { gauges[gauge] ?? .nan }
    func increase(of counter: Counter, window: Int) -> (amount: Double, hours: Double) {
        increases[counter].map { ($0.amount, $0.covered.hours) } ?? (.nan, .nan)
    }
    func age(of source: Source) -> Double { ages[source]?.seconds ?? .nan }
    var campaignAgeSeconds: Double { campaignAge?.seconds ?? .nan }
    func sinceArmed(_ counter: Counter) -> Double { .nan }
    func changeEvidence(_ detector: ChangeDetector) -> Double { .nan }
}

/// Short names for tables.
extension Gauge {
    static let totalEnrolled = Gauge.counter(.totalEnrolled)
    static let sent = Gauge.counter(.sent)
    static let delivered = Gauge.counter(.delivered)
    static let bounced = Gauge.counter(.bounced)
    static let replied = Gauge.counter(.replied)
    static let resolved = Gauge.counter(.resolved)
    static let queued = Gauge.platform(.queued)
    static let openRate = Gauge.platform(.openRate)
    static let replyRate = Gauge.platform(.replyRate)
    static let bounceRate = Gauge.rate(.bounceRate)
}
