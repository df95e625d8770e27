import ArgumentParser
import Foundation
import Guard
import Model
import Policy
import Simulator

/// How well policies tell good lists from bad ones: false pauses against bounces let through, on the simulator's worlds.
struct RulesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rules",
        abstract: "Compare policies on made-up lists of known quality.",
        discussion: """
            Each list sends 2,000 mails, 120 an hour, looked at every minute. A false pause is one of a list whose true \
            rate is at most 5 %; let through is what a worse list bounced beyond 5 % of what it had sent until its pause.

            Example: swift run -c release sendwarden-quality --svg docs/quality.svg config/policy.yaml config/peers/*.yaml
            """)

    @Argument(help: "The policies, ours first.")
    var policies: [String]

    @Option(help: "Lists of each kind.")
    var lists = 400

    @Option(help: "What chance begins with.")
    var seed: UInt64 = 1

    @Option(help: "Write a chart here, too.")
    var svg: String?

    func run() throws {
        let checked = try policies.map { path -> (String, CheckedPolicy) in
            let text = try String(contentsOfFile: path, encoding: .utf8)
            let outcome = PolicyLoader.load(SourceFile(name: path, text: text))
            guard var policy = outcome.policy else { throw ValidationError("\(path) is refused; see sendwarden check") }
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
