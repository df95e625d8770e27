import Foundation
import Model

/// The figures of every policy for every kind of list, as Markdown and as a chart.
struct QualityTable {
    private let policies: [String]
    private var rows: [(kind: ListKind, outcomes: [Trial.Outcome])] = []

    init(policies: [String]) { self.policies = policies }

    mutating func add(_ kind: ListKind, _ outcomes: [Trial.Outcome]) { rows.append((kind, outcomes)) }

    private func percent(_ share: Double) -> String { DecimalText.shortest(share * 100, decimals: 1) + " %" }

    /// The mean share of paused lists over all healthy kinds.
    private func falsePauses(_ policy: Int) -> Double {
        let healthy = rows.filter(\.kind.isHealthy)
        return healthy.reduce(0) { $0 + $1.outcomes[policy].pausedShare } / Double(max(1, healthy.count))
    }

    /// True if no other policy is at least as good in false pauses and excess bounces, and better in one.
    private func isOnFront(_ policy: Int, _ outcomes: [Trial.Outcome]) -> Bool {
        !policies.indices.contains { other in
            let (x, y) = (falsePauses(other), outcomes[other].excessBounces)
            let (ownX, ownY) = (falsePauses(policy), outcomes[policy].excessBounces)
            return x <= ownX && y <= ownY && (x < ownX || y < ownY)
        }
    }

    func markdown(lists: Int, seed: UInt64) -> String {
        let head =
            "| true rate | " + policies.joined(separator: " | ") + " |\n|---|" + policies.map { _ in "---|" }.joined()
        var text = "\(lists) lists of each kind, seed \(seed).\n\n### False pauses\n\n\(head)\n"
        for row in rows where row.kind.isHealthy {
            text +=
                "| \(row.kind.name) | " + row.outcomes.map { percent($0.pausedShare) }.joined(separator: " | ") + " |\n"
        }
        text +=
            "\n### Excess bounces before the pause: mean per list beyond 5 %, with the median of emails sent by then\n\n\(head)\n"
        for row in rows where !row.kind.isHealthy {
            let cells = row.outcomes.enumerated().map { policy, outcome in
                let sent = outcome.medianSent.map { "\(Int($0))" } ?? "never"
                let missed = outcome.pausedShare < 0.995 ? ", \(percent(1 - outcome.pausedShare)) never" : ""
                let cell = "\(DecimalText.shortest(outcome.excessBounces, decimals: 1)) (\(sent)\(missed))"
                return isOnFront(policy, row.outcomes) ? "**\(cell)**" : cell
            }
            text += "| \(row.kind.name) | " + cells.joined(separator: " | ") + " |\n"
        }
        let front = rows.filter { !$0.kind.isHealthy && isOnFront(0, $0.outcomes) }.count
        let all = rows.filter { !$0.kind.isHealthy }.count
        return text
            + "\nBold: on the Pareto front of false pauses (the mean of the table above) and excess bounces. "
            + "\(policies[0]) is on it in \(front) of \(all) kinds.\n"
    }

    // MARK: Chart

    /// False pauses on the x axis, excess bounces at 10 % on the y axis; the lower left corner is best.
    var svg: String {
        let row = rows.first { $0.kind.name == "10 %" }
        guard let row else { return "" }
        let (width, height, left, bottom) = (720.0, 400.0, 70.0, 50.0)
        let highest = max(1, row.outcomes.map(\.excessBounces).max() ?? 1) * 1.15
        func x(_ share: Double) -> String { DecimalText.shortest(left + share * (width - left - 150), decimals: 1) }
        func y(_ value: Double) -> String {
            DecimalText.shortest(20 + (1 - value / highest) * (height - bottom - 20), decimals: 1)
        }
        var parts: [String] = []
        for share in [0.0, 0.25, 0.5, 0.75, 1] {
            parts.append(
                "<line x1=\"\(x(share))\" x2=\"\(x(share))\" y1=\"20\" y2=\"\(y(0))\" class=\"g\"/><text x=\"\(x(share))\" y=\"\(height - 28)\" text-anchor=\"middle\">\(percent(share))</text>"
            )
            parts.append(
                "<line x1=\"\(x(0))\" x2=\"\(x(1))\" y1=\"\(y(highest * share))\" y2=\"\(y(highest * share))\" class=\"g\"/><text x=\"\(left - 6)\" y=\"\(y(highest * share))\" text-anchor=\"end\">\(DecimalText.shortest(highest * share, decimals: 0))</text>"
            )
        }
        for (policy, outcome) in row.outcomes.enumerated() {
            let (cx, cy) = (x(falsePauses(policy)), y(outcome.excessBounces))
            parts.append(
                "<circle cx=\"\(cx)\" cy=\"\(cy)\" r=\"6\" class=\"\(policy == 0 ? "o" : "p")\"/><text x=\"\(cx)\" dx=\"6\" y=\"\(cy)\" dy=\"-8\">\(policies[policy])</text>"
            )
        }
        parts.append("<text x=\"\(x(0.5))\" y=\"\(height - 8)\" text-anchor=\"middle\">healthy lists paused</text>")
        parts.append(
            "<text x=\"16\" y=\"\(y(highest / 2))\" transform=\"rotate(-90 16 \(y(highest / 2)))\" text-anchor=\"middle\">excess bounces at 10 %</text>"
        )
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Int(width)) \(Int(height))" role="img" aria-label="False pauses and excess bounces">
            <style>text{font:13px system-ui,sans-serif;fill:#555}.g{stroke:#ccc}.o{fill:#1c7a3f}.p{fill:#b3261e}@media(prefers-color-scheme:dark){text{fill:#bbb}.g{stroke:#444}.o{fill:#7ddb9b}.p{fill:#ff8a80}}</style>
            \(parts.joined(separator: "\n"))
            </svg>

            """
    }
}
