import Model

/// Writes Prometheus's text exposition format, version 0.0.4.
struct MetricsText {
    enum Kind: String {
        case counter, gauge, histogram
    }

    private(set) var text = ""

    /// Begins a family of samples.
    mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
    }

    mutating func sample(_ name: String, _ value: Double, _ labels: KeyValuePairs<String, String> = [:]) {
        let pairs = labels.map { "\($0)=\"\(MetricsText.escaped($1))\"" }.joined(separator: ",")
        text += "\(name)\(pairs.isEmpty ? "" : "{\(pairs)}") \(MetricsText.number(value))\n"
    }

    /// Writes a family with one sample.
    mutating func gauge(_ name: String, _ help: String, _ value: Double) {
        family(name, .gauge, help)
        sample(name, value)
    }

    /// Writes a family with a sample for each element that has a value.
    mutating func family<Element>(
        _ name: String, _ kind: Kind, _ help: String, _ elements: [Element],
        labels: (Element) -> KeyValuePairs<String, String>, value: (Element) -> Double?
    ) {
        family(name, kind, help)
        for element in elements {
            if let value = value(element) { sample(name, value, labels(element)) }
        }
    }

    mutating func histogram(_ name: String, _ label: (name: String, value: String), _ histogram: LatencyHistogram) {
        var count = 0
        for (bound, inBucket) in zip(LatencyHistogram.bounds, histogram.counts) {
            count += inBucket
            sample("\(name)_bucket", Double(count), [label.name: label.value, "le": MetricsText.number(bound)])
        }
        sample("\(name)_bucket", Double(histogram.count), [label.name: label.value, "le": "+Inf"])
        sample("\(name)_sum", histogram.sum, [label.name: label.value])
        sample("\(name)_count", Double(histogram.count), [label.name: label.value])
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

/// A histogram of request durations.
struct LatencyHistogram: Sendable {
    /// The buckets' upper bounds in seconds; the last bucket has no bound.
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
