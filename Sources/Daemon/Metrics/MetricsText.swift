import Model

/// Writes Prometheus's text exposition format, version 0.0.4.
struct MetricsText {
    enum Kind: String {
        case counter, gauge, histogram
    }

    private(set) var text = ""

    /// Begins a family; its samples follow.
    mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
    }

    mutating func sample(_ name: String, _ value: Double, _ labels: KeyValuePairs<String, String> = [:]) {
        let pairs = labels.map { "\($0)=\"\(MetricsText.escaped($1))\"" }.joined(separator: ",")
        text += "\(name)\(pairs.isEmpty ? "" : "{\(pairs)}") \(MetricsText.number(value))\n"
    }

    /// A family of a single sample.
    mutating func gauge(_ name: String, _ help: String, _ value: Double) {
        family(name, .gauge, help)
        sample(name, value)
    }

    mutating func histogram(_ name: String, _ labels: (name: String, value: String), _ histogram: LatencyHistogram) {
        let pair = "\(labels.name)=\"\(MetricsText.escaped(labels.value))\""
        var count = 0
        for (bound, inBucket) in zip(LatencyHistogram.bounds, histogram.counts) {
            count += inBucket
            text += "\(name)_bucket{\(pair),le=\"\(MetricsText.number(bound))\"} \(count)\n"
        }
        text += "\(name)_bucket{\(pair),le=\"+Inf\"} \(histogram.count)\n"
        text += "\(name)_sum{\(pair)} \(MetricsText.number(histogram.sum))\n"
        text += "\(name)_count{\(pair)} \(histogram.count)\n"
    }

    private static func number(_ value: Double) -> String {
        Int(exactly: value).map(String.init) ?? "\(value)"
    }

    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}

/// Durations of requests, in seconds, counted in buckets.
struct LatencyHistogram: Sendable {
    /// The buckets' upper bounds in seconds; what takes longer counts in the last, unbounded one.
    static let bounds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

    private(set) var counts = Array(repeating: 0, count: bounds.count)
    private(set) var count = 0
    private(set) var sum = 0.0

    mutating func note(_ duration: Duration) {
        let seconds = max(0, duration.seconds)
        count += 1
        sum += seconds
        if let bucket = LatencyHistogram.bounds.firstIndex(where: { seconds <= $0 }) { counts[bucket] += 1 }
    }
}
