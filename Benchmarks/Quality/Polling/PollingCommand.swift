import ArgumentParser
import Foundation
import Guard
import Model
import Policy

/// Compares how much is sent between a breach and the pause with fixed and with adaptive poll intervals.
struct PollingCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "polling",
        abstract: "Compare fixed poll intervals with adaptive ones, at the same request budget.",
        discussion: """
            Campaigns with various send rates and bounce rates are guarded by the policy's rules: first with every \
            campaign polled as often as the budget allows, then with intervals between --min and --max. Overshoot is \
            the number of emails that a campaign sent between the second in which its rule would have fired with polls \
            every second, and its pause.

            Example: swift run -c release sendwarden-quality polling config/policy.yaml
            """)

    @Argument(help: "The policy whose rules are used.")
    var policy: String

    @Option(help: "Number of campaigns.")
    var campaigns = 200

    @Option(help: "The request budget, as a policy writes it.")
    var budget = "60/min"

    @Option(help: "The shortest adaptive interval.")
    var min = "5s"

    @Option(help: "The longest adaptive interval.")
    var max = "10m"

    @Option(help: "Hours of sending.")
    var hours = 8

    @Option(help: "Number of worlds, each with its own seed.")
    var worlds = 3

    @Option(help: "The first world's seed.")
    var seed: UInt64 = 1

    func run() throws {
        let fixed = try checked("stats: 1s")
        let adaptive = try checked("stats: {min: \(min), max: \(max)}")
        var rows = [PollingOutcome("fixed, \(fixed.poll.statsPace.text)")]
        rows.append(PollingOutcome("adaptive, \(adaptive.poll.statsPace.text)"))
        for number in 0..<UInt64(worlds) {
            for (row, policy) in [fixed, adaptive].enumerated() {
                let trial = PollingTrial(policy: policy, hours: hours, seed: seed + number)
                rows[row].add(trial.run())
                FileHandle.standardError.write(Data("seed \(seed + number), \(rows[row].name)\n".utf8))
            }
        }
        print("\(campaigns) campaigns, \(budget), \(hours) h, seeds \(seed) to \(seed + UInt64(worlds) - 1).\n")
        print(PollingOutcome.head)
        for row in rows { print(row.line) }
        if let (before, after) = rows[0].medianOvershoot.flatMap({ before in
            rows[1].medianOvershoot.map { (before, $0) }
        }) {
            print("\nThe median is \(DecimalText.shortest(before / Swift.max(after, 0.5), decimals: 1)) times smaller.")
        }
    }

    /// The policy's rules with other campaigns and poll intervals.
    private func checked(_ stats: String) throws -> CheckedPolicy {
        let text = try String(contentsOfFile: policy, encoding: .utf8)
        guard let rules = text.range(of: "\nrules:") else { throw ValidationError("\(policy) has no rules") }
        let list = (0..<campaigns).map { "  - {id: camp_\($0), pool: pool_a}\n" }.joined()
        let source = """
            version: 1
            mode: enforce
            workspace: {name: quality, provider: leadterra, credential: key}
            poll: {\(stats), pools: 1m, budget: \(budget)}
            campaigns:
            \(list)\(text[rules.lowerBound...])
            """
        guard let policy = PolicyLoader.load(SourceFile(name: policy, text: source)).policy else {
            throw ValidationError("\(policy) is not valid with these intervals; run sendwarden check")
        }
        return policy
    }
}
