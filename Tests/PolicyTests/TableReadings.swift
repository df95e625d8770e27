import Model
import Policy

/// Readings from tables; missing values are unknown.
struct TableReadings: Readings {
    var gauges: [Gauge: Double] = [:]
    var increases: [Counter: Increase] = [:]
    var ages: [Source: Duration] = [:]
    var labels: [String: String] = [:]

    func value(of gauge: Gauge) -> Double? { gauges[gauge] }
    func increase(of counter: Counter, over window: Duration) -> Increase? { increases[counter] }
    func age(of source: Source) -> Duration? { ages[source] }
    func label(_ name: String) -> String { labels[name] ?? "" }
}

extension TableReadings: CompiledReadings {
    func value(of gauge: Gauge) -> Double { gauges[gauge] ?? .nan }
    func increase(of counter: Counter, window: Int) -> (amount: Double, hours: Double) {
        increases[counter].map { ($0.amount, $0.covered.hours) } ?? (.nan, .nan)
    }
    func age(of source: Source) -> Double { ages[source]?.seconds ?? .nan }
    func sinceArmed(_ counter: Counter) -> Double { .nan }
}
