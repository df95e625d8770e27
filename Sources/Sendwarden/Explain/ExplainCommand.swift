import ArgumentParser
import Daemon
import FoundationEssentials
import Journal
import Ledger
import NIOCore

/// `sendwarden explain`: why a campaign, a pool, a rule or a decision is as it is.
struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Explain a campaign, a pool, a decision or a rule.",
        discussion: """
            Shows why a campaign is paused, held or neither, or how a pool stands: each rule with the value of its \
            parts, who did what and when, what would have to happen for that to change, and when it could at the earliest. A number is a \
            decision, as SENDWARDEN_DECISION names it in the journal.
            Asks the running daemon. Where none runs, or with --ledger, it is worked out from the ledger and the \
            policy, as of the ledger's last entry.
            Exits with 65 if nothing has that name, 66 without a ledger, 69 if no daemon answers and there is no \
            ledger, 77 without the permission to ask, 78 if the policy is refused.

            Example: sendwarden explain camp_123
            """)

    @OptionGroup var control: ControlOption
    @OptionGroup var ledger: LedgerOption

    @Argument(
        help: ArgumentHelp(
            "A campaign's id, a rule's or a pool's name, or a decision's number.", valueName: "subject"))
    var subject: String

    @Option(help: ArgumentHelp("The policy, to explain from a ledger.", valueName: "file"))
    var policy = PolicyOption.installed

    @Flag(help: "Print one JSON object, for programs.")
    var json = false

    func run() async throws {
        let (explained, note) = try await explained()
        guard explained.isFound else {
            let near = explained.nearest.map { "; did you mean \($0)?" } ?? ""
            StandardError.write(
                "error: no campaign, pool, rule or decision is named \(CleanText.cleaned(subject))\(near)")
            throw ExitCode.dataError
        }
        if json {
            print(try ReadableJSON.text(explained))
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
                        code: .unavailable, reason: "the daemon answers HTTP \(status); is it of another version?")
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
        do throws(LedgerError) {
            try await explained.addHistory(subject, from: past.ledger, past.workspaces)
        } catch {
            StandardError.write("error: \(error.message)")
            throw ExitCode(error)
        }
        return (explained, past.note)
    }
}
