import ArgumentParser
import FoundationEssentials
import Glibc
import Journal
import Ledger
import Model
import Policy

/// `sendwarden report`: writes an HTML report from the ledger.
struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Write an HTML report of a period.",
        discussion: """
            The report shows each campaign's bounce rate against its limit, with pauses, resumes, overrides and \
            probation; each pool's remaining and reserved volume; and every decision with its evidence. It is one file \
            that needs no network and suits small screens and printers. The data comes from the ledger, which the \
            daemon may be writing. Names and limits come from the policy, if it can be read.
            Exits with 64 if the period is empty, 65 if the ledger is damaged, 66 if it does not exist, 77 without \
            permission to read it or to write the report.

            Example: sendwarden report --since 7d --output report.html
            """)

    @OptionGroup var ledger: LedgerOption

    @Option(help: ArgumentHelp("The policy, for names and limits.", valueName: "file"))
    var policy: String?

    @Option(help: ArgumentHelp("The start of the period: 7d (ago) or 2026-12-01T09:00:00Z.", valueName: "time"))
    var since = "24h"

    @Option(
        help: ArgumentHelp(
            "The end of the period: 1h (ago) or a time; by default the ledger's last entry.", valueName: "time"))
    var until: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("The file to write; '-' is stdout.", valueName: "file"))
    var output = "sendwarden-report.html"

    @Option(help: ArgumentHelp("Show at most this many campaigns, those with the most events.", valueName: "count"))
    var limit = 50

    func validate() throws {
        for (name, text) in [("since", since), ("until", until ?? "0s")] {
            if MomentText.instant(text) == nil {
                throw ValidationError(
                    "--\(name) \(text) is neither a duration such as 24h nor a time such as 2026-12-01T09:00:00Z.")
            }
        }
        if limit < 1 { throw ValidationError("--limit \(limit) is less than 1.") }
    }

    func run() async throws {
        let now = SteadyTime.fromWallClock().now
        let (reader, workspace) = try await ledger.openOrExit()
        let end: Instant
        if let until = until.flatMap({ MomentText.instant($0, before: now) }) {
            end = until
        } else {
            // The period includes the last entry.
            end = try await orExit { () throws(LedgerError) in
                (try await reader.span(workspace)?.upperBound ?? now) + .seconds(1)
            }
        }
        guard let start = MomentText.instant(since, before: end), start < end else {
            throw ValidationError("--since \(since) is not before the end of the period, \(end.toSecond).")
        }
        let data = try await orExit { () throws(LedgerError) in
            try await ReportData(reader, workspace, try loadPolicy(), from: start, until: end, limit: limit)
        }
        let page = ReportPage(data: data, madeAt: now).html()
        if output == "-" { return StandardOutput.write(page) }
        try OutputFile.write(page, to: output)
        func count(_ number: Int, _ word: String) -> String { "\(number) \(word)\(number == 1 ? "" : "s")" }
        StandardOutput.write(
            "\(output): \(count(data.campaigns.count, "campaign")), \(count(data.decisions.count, "decision"))")
    }

    /// The policy, if it can be read; without it the report has no limits.
    private func loadPolicy() throws(LedgerError) -> CheckedPolicy? {
        do throws(PolicyFileError) {
            return PolicyLoader.load(try PolicyFile.read(policy ?? PolicyOption.installed)).policy
        } catch {
            if policy == nil { return nil }
            throw LedgerError(code: .missing, message: error.message)
        }
    }
}
