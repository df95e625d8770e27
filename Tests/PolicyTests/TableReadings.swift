import Model
import Policy

/// Readings from tables; what no table holds is unknown.
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
