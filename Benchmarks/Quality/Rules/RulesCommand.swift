import ArgumentParser
import Foundation
import Guard
import Model
import Policy
import Simulator

/// Compares the false pauses and the excess bounces of policies on simulated lists.
struct RulesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rules",
        abstract: "Compare policies on simulated lists of known quality.",
        discussion: """
            Each list sends 2,000 emails at 120 per hour and is polled every minute. A false pause is a pause of a list \
            whose true rate is at most 5 %. Excess bounces are the bounces of a worse list before its pause, beyond 5 % \
            of the emails sent.

            Example: swift run -c release sendwarden-quality --svg docs/quality.svg config/policy.yaml config/peers/*.yaml
            """)

    @Argument(help: "The policies; the first is highlighted.")
    var policies: [String]

    @Option(help: "Number of lists of each kind.")
    var lists = 400

    @Option(help: "Seed of the random numbers.")
    var seed: UInt64 = 1

    @Option(help: "Also write a chart to this file.")
    var svg: String?

    func run() throws {
        let checked = try policies.map { path -> (String, CheckedPolicy) in
            let text = try String(contentsOfFile: path, encoding: .utf8)
            let outcome = PolicyLoader.load(SourceFile(name: path, text: text))
            guard var policy = outcome.policy else {
                throw ValidationError("\(path) is not valid; run sendwarden check")
            }
            policy.mode = .enforce
            let name = path.split(separator: "/").last.map { String($0.prefix { $0 != "." }) } ?? path
            return (name == "policy" ? "Sendwarden" : name, policy)
        }
        var table = QualityTable(policies: checked.map(\.0))
        for kind in ListKind.all {
            table.add(kind, Trial(kind: kind, lists: lists, seed: seed).run(checked.map(\.1)))
            FileHandle.standardError.write(Data("\(kind.name)\n".utf8))
        }
        print(table.markdown(lists: lists, seed: seed))
        if let svg { try table.svg.write(toFile: svg, atomically: true, encoding: .utf8) }
    }
}
