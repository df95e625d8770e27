import ArgumentParser
import Daemon
import FoundationEssentials
import Journal
import Ledger
import NIOCore
import Policy

/// `sendwarden explain`: explains the state of a campaign, a pool, a rule or a decision.
struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Explain the state of a campaign, pool, rule or decision.",
        discussion: """
            Shows why a campaign is paused, held or running, or the state of a pool: each rule with its current \
            values, who did what and when, what would change the state, and when it can change at the earliest. A \
            number selects a decision, as SENDWARDEN_DECISION in the journal.
            Queries the running daemon. If no daemon runs, or with --ledger, computes the explanation from the ledger \
            and the policy, as of the ledger's last entry.
            Exits with 65 if nothing has that name, 66 if the ledger does not exist, 69 if no daemon responds and \
            there is no ledger, 77 without permission, 78 if the policy is not valid.

            Example: sendwarden explain camp_123
            """)

    @OptionGroup var control: ControlOption
    @OptionGroup var ledger: LedgerOption

    @Argument(
        help: ArgumentHelp(
            "A campaign id, a pool id or name, a rule name, or a decision number.", valueName: "subject"))
    var subject: String

    @Option(help: ArgumentHelp("The policy to use with a ledger.", valueName: "file"))
    var policy = PolicyOption.installed

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        let (explained, note) = try await explained()
        guard explained.isFound else {
            let near = NearestName.suggestion(explained.nearest)
            StandardError.write(
                "error: no campaign, pool, rule or decision is named \(CleanText.cleaned(subject))\(near)")
            throw ExitCode.dataError
        }
        if json {
            StandardOutput.write(try ReadableJSON.text(explained))
        } else {
            if let note { StandardOutput.write(note + "\n") }
            let screen = ExplainScreen(page: Page.terminal)
            StandardOutput.write(screen.text(explained))
        }
    }

    private func explained() async throws -> (Explained, note: String?) {
        if ledger.ledger == nil {
            do throws(ControlFailure) {
                let (status, body) = try await control.tryAsking(
                    "GET", ControlPath.explain.with([("subject", subject)]))
                let data = Data(body.readableBytesView)
                guard status == 200 || status == 404,
                    let explained = try? ReadableJSON.value(Explained.self, from: data)
                else {
                    throw ControlFailure(
                        code: .unavailable, reason: ControlOption.refusal(status, body))
                }
                return (explained, nil)
            } catch {
                try ledger.standIn(for: error, of: control)
            }
        }
        return try await fromLedger()
    }

    private func fromLedger() async throws -> (Explained, note: String?) {
        let past = try await PastGuard(ledger: ledger.path, policy: policy)
        var explained = Explained(subject, past.warden, at: past.at)
        try await orExit { () throws(LedgerError) in
            try await explained.addHistory(subject, from: past.ledger, past.workspaces)
        }
        return (explained, past.note)
    }
}
