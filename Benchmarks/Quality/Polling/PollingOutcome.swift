import Model

/// The figures of one polling strategy over several worlds.
struct PollingOutcome {
    let name: String
    private var overshoots: [Double] = []
    private var delays: [Double] = []
    private var requests = 0
    private var missed = 0
    private var minutes = 0.0

    init(_ name: String) { self.name = name }

    mutating func add(_ trial: PollingTrial.Outcome) {
        overshoots += trial.overshoots
        delays += trial.delays
        requests += trial.requests
        missed += trial.missed
        minutes += trial.minutes
    }

    var medianOvershoot: Double? { quantile(overshoots, 0.5) }

    private func quantile(_ values: [Double], _ part: Double) -> Double? {
        let sorted = values.sorted()
        return sorted.isEmpty ? nil : sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))]
    }

    static let head = """
        | polls | requests per minute | breaches | overshoot in emails, median | 90 % | mean | breach to pause, median | 90 % | not paused |
        |---|---|---|---|---|---|---|---|---|
        """

    var line: String {
        func text(_ value: Double?) -> String { value.map { DecimalText.shortest($0, decimals: 1) } ?? "–" }
        let mean = overshoots.isEmpty ? nil : overshoots.reduce(0, +) / Double(overshoots.count)
        let cells = [
            name, text(Double(requests) / minutes), "\(overshoots.count)", text(medianOvershoot),
            text(quantile(overshoots, 0.9)), text(mean), text(quantile(delays, 0.5)) + " s",
            text(quantile(delays, 0.9)) + " s", "\(missed)",
        ]
        return "| " + cells.joined(separator: " | ") + " |"
    }
}
