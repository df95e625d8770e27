import ArgumentParser
import FoundationEssentials
import Glibc
import Journal
import Ledger
import Model
import Policy

/// `sendwarden report`: what happened, as one HTML file.
struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Write a report of what happened, as one HTML file.",
        discussion: """
            For each campaign its bounce rate against the limit, with pauses, resumes, overrides and probation marked; \
            each pool's volume and what was promised of it; and every decision with the numbers it was made on. The \
            file needs no network, fits a phone and a printer, and is read from the ledger, which the daemon may be \
            writing. The policy, where it can be read, gives names and limits.
            Exits with 65 if the ledger is damaged, 66 without one, 77 without the permission to read or write.

            Example: sendwarden report --since 7d --output report.html
            """)

    @OptionGroup var ledger: LedgerOption

    @Option(help: ArgumentHelp("The policy, for names and limits.", valueName: "file"))
    var policy: String?

    @Option(help: ArgumentHelp("Since then: 7d, or 2026-12-01T09:00:00Z.", valueName: "time"))
    var since = "24h"

    @Option(
        help: ArgumentHelp(
            "Until then: 1h ago as 1h, or a time; by default the ledger's last entry.", valueName: "time"))
    var until: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("Where to write it; '-' is stdout.", valueName: "file"))
    var output = "sendwarden-report.html"

    @Option(help: ArgumentHelp("Show at most this many campaigns, those with most to tell.", valueName: "count"))
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
        let data: ReportData
        do throws(LedgerError) {
            // What was told last belongs to it.
            let last = (try await reader.span(workspace)?.upperBound ?? now) + .seconds(1)
            let end = until.flatMap { MomentText.instant($0, before: now) } ?? last
            guard let start = MomentText.instant(since, before: end), start < end else {
                throw LedgerError(code: .missing, message: "--since \(since) is not before \(end.toSecond)")
            }
            data = try await ReportData(reader, workspace, try loadPolicy(), from: start, until: end, limit: limit)
        } catch {
            StandardError.write("error: \(error.message)")
            throw ExitCode(error)
        }
        let page = ReportPage(data: data, madeAt: now).html()
        if output == "-" { return StandardOutput.write(page) }
        try OutputFile.write(page, to: output)
        StandardOutput.write("\(output): \(data.campaigns.count) campaigns, \(data.decisions.count) decisions")
    }

    /// The policy where there is one; a report without it lacks limits, and is a report all the same.
    private func loadPolicy() throws(LedgerError) -> CheckedPolicy? {
        do throws(PolicyFileError) {
            return PolicyLoader.load(try PolicyFile.read(policy ?? PolicyOption.installed)).policy
        } catch {
            if policy == nil { return nil }
            throw LedgerError(code: .missing, message: error.message)
        }
    }
}
