import ArgumentParser
import Daemon
import FoundationEssentials
import Glibc
import Guard
import Journal
import Ledger
import Model
import Policy
import Rehearsal

/// `sendwarden backtest`: replays recorded stats through policies.
struct BacktestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backtest",
        abstract: "Replay recorded stats through policies.",
        discussion: """
            Shows when each rule would have fired, which campaigns would have been paused, and how many bounces the \
            pauses would have avoided. Several policies are compared side by side. The recording is the daemon's \
            ledger, or a file: CSV with a header, or JSON lines. Its columns are at, campaign, and any of \
            totalEnrolled, sent, delivered, bounced, hardBounced, softBounced, complained, unsubscribed, replied, \
            deferred, queued, label; docs/backtest.md describes them. The label, good or bad, is the true quality of a list: pauses of good lists count as false.
            Exits with 65 if the recording is not valid, 66 if it does not exist, 77 without permission to read it, 78 \
            if a policy is not valid.

            Example: sendwarden backtest --recording samples.csv policy.yaml stricter.yaml
            """)

    @OptionGroup var ledger: LedgerOption

    @Argument(help: ArgumentHelp("The policies, at most 8.", valueName: "policy"))
    var policies: [String] = [PolicyOption.installed]

    @Option(help: ArgumentHelp("The recording, a file of samples; '-' is stdin.", valueName: "file"))
    var recording: String?

    @Option(help: ArgumentHelp("A CSV file with the columns campaign and label.", valueName: "file"))
    var labels: String?

    @Option(help: ArgumentHelp("Only the ledger's samples since this time: 30d (ago) or a time.", valueName: "time"))
    var since: String?

    @Option(help: ArgumentHelp("Show at most this many campaigns of each policy.", valueName: "count"))
    var limit = 20

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        if recording != nil, ledger.ledger != nil {
            throw ValidationError("--recording and --ledger cannot be combined.")
        }
        if policies.count > 8 { throw ValidationError("At most 8 policies can be compared.") }
        if let since, MomentText.instant(since) == nil {
            throw ValidationError("--since \(since) is neither a duration such as 30d nor a time.")
        }
    }

    func run() async throws {
        let checked = try policies.map {
            try PolicyReading.policy($0, hint: "give the policies to replay: sendwarden backtest policy.yaml")
        }
        let workers = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        var backtest = Backtest(policies: checked, workers: workers)
        for (campaign, label) in try readLabels() { backtest.note(label: label, of: campaign) }
        if let recording {
            try await read(recording, into: &backtest, workers)
        } else {
            try await readLedger(into: &backtest)
        }
        let names = policies.map { String($0.split(separator: "/").last ?? "policy") }
        let report = BacktestReport(backtest, checked, names: names)
        if json {
            StandardOutput.write(try ReadableJSON.text(report))
        } else {
            StandardOutput.write(
                BacktestScreen(page: Page.terminal, limit: limit).text(
                    report))
        }
    }

    private func open(_ path: String) throws -> Recording {
        if let recording = Recording(path) { return recording }
        StandardError.write("error: \(path): \(String(cString: strerror(errno)))")
        throw errno == EACCES ? ExitCode.noPermission : ExitCode.noInput
    }

    private func refuse(_ fault: RecordingFault, _ path: String) -> ExitCode {
        let line = fault.line > 0 ? ":\(fault.line)" : ""
        StandardError.write("error: \(path)\(line): \(fault.message)")
        return .dataError
    }

    private func read(_ path: String, into backtest: inout Backtest, _ workers: Int) async throws {
        let recording = try open(path)
        let isShown = isatty(STDERR_FILENO) == 1
        do throws(RecordingFault) {
            try await recording.read(into: &backtest, workers: workers) { share in
                if isShown { StandardError.writeOver("read \(Int(share * 100)) %") }
            }
        } catch {
            if isShown { StandardError.writeOver("") }
            throw refuse(error, path)
        }
        if isShown { StandardError.writeOver("") }
    }

    private func readLabels() throws -> [(String, String)] {
        guard let labels else { return [] }
        guard let text = try? String(contentsOfFile: labels, encoding: .utf8) else {
            StandardError.write("error: \(labels): cannot be read as text")
            throw ExitCode.noInput
        }
        return text.split(separator: "\n").dropFirst().compactMap { line in
            let cells = line.split(separator: ",").map { $0.filter { $0 != "\r" && $0 != " " && $0 != "\"" } }
            return cells.count >= 2 ? (cells[0], cells[1]) : nil
        }
    }

    private func readLedger(into backtest: inout Backtest) async throws {
        do throws(LedgerError) {
            let (reader, workspace) = try await ledger.open()
            let now = SteadyTime.fromWallClock().now
            let from = since.flatMap { MomentText.instant($0, before: now) }
            for id in try await reader.campaigns(workspace) {
                let number = backtest.number(id.text)
                let samples = try await reader.samples(of: id, workspace, since: from ?? Instant(milliseconds: 0))
                let piece = samples.map { RecordedSample(campaign: number, at: $0.at, $0.stats) }
                do throws(RecordingFault) {
                    try await backtest.replay([piece])
                } catch {
                    throw LedgerError(code: .corrupt, message: error.message)
                }
            }
        } catch {
            StandardError.write("error: \(error.message)")
            throw ExitCode(error)
        }
        if backtest.samples == 0 {
            StandardError.write("error: \(ledger.path) has no samples in that period")
            throw ExitCode.dataError
        }
    }
}
