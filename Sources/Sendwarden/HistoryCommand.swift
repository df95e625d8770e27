import ArgumentParser
import Daemon
import FoundationEssentials
import Journal
import Ledger
import Model
import NIOCore

/// `sendwarden history`: what was told, and what is being told.
struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Show what happened, and follow what happens.",
        discussion: """
            Asks the running daemon; where none runs, or with --ledger, the ledger is read. The ledger keeps events \
            for 90 days.
            Exits with 66 without a ledger, 69 if no daemon answers and there is no ledger, 77 without the permission \
            to ask.

            Example: sendwarden history --campaign camp_123 --since 7d
            """)

    @OptionGroup var control: ControlOption
    @OptionGroup var ledger: LedgerOption

    @Option(help: ArgumentHelp("Only of this campaign.", valueName: "id"))
    var campaign: String?

    @Option(help: ArgumentHelp("Only of this pool: its id, or its name in the policy.", valueName: "id"))
    var pool: String?

    @Option(help: ArgumentHelp("Only of this rule.", valueName: "name"))
    var rule: String?

    @Option(help: ArgumentHelp("Only these: campaign.paused, or campaign for all that begin so.", valueName: "event"))
    var event: String?

    @Option(help: ArgumentHelp("This grave, or graver: critical, error, warning, notice, info.", valueName: "word"))
    var priority: String?

    @Option(help: ArgumentHelp("Since then: 24h, or 2026-12-01T09:00:00Z.", valueName: "time"))
    var since: String?

    @Option(help: ArgumentHelp("Until then: 1h ago as 1h, or a time.", valueName: "time"))
    var until: String?

    @Option(help: ArgumentHelp("The newest so many.", valueName: "count"))
    var limit = 100

    @Flag(name: .shortAndLong, help: "Go on with what is told from now on, until Ctrl-C.")
    var follow = false

    @Flag(help: "Print one JSON object a line, for programs.")
    var json = false

    private static let priorities: [String: Int] = [
        "critical": 2, "error": 3, "warning": 4, "notice": 5, "info": 6,
    ]

    func validate() throws {
        if let priority, HistoryCommand.priorities[priority] == nil {
            throw ValidationError("--priority \(priority) is none of critical, error, warning, notice, info.")
        }
        for (name, text) in [("since", since), ("until", until)] {
            if let text, MomentText.instant(text) == nil {
                throw ValidationError(
                    "--\(name) \(text) is neither a duration such as 24h nor a time such as 2026-12-01T09:00:00Z.")
            }
        }
        guard (1...HistoryFilter.limitMax).contains(limit) else {
            throw ValidationError("--limit \(limit) is outside 1 to \(HistoryFilter.limitMax).")
        }
        if follow, until != nil { throw ValidationError("--follow and --until exclude each other.") }
    }

    func run() async throws {
        let now = SteadyTime.fromWallClock().now
        var filter = HistoryFilter(limit: limit)
        (filter.campaign, filter.pool, filter.rule, filter.event) = (campaign, pool, rule, event)
        filter.priority = priority.flatMap { HistoryCommand.priorities[$0] }
        filter.since = since.flatMap { MomentText.instant($0, before: now) }
        filter.until = until.flatMap { MomentText.instant($0, before: now) }
        let source = try await source()
        var entries = try await read(filter, source)
        try show(entries)
        if entries.isEmpty, !follow, !json { StandardError.write("nothing was told that fits") }
        guard follow else { return }
        var last = entries.last?.number ?? 0
        if entries.isEmpty { last = try await read(HistoryFilter(limit: 1), source).last?.number ?? 0 }
        filter.limit = HistoryFilter.limitMax
        while true {
            try await Task.sleep(for: .seconds(1))
            filter.after = last
            entries = try await read(filter, source)
            try show(entries)
            last = entries.last?.number ?? last
        }
    }

    private enum Source {
        case daemon
        case ledger(any LedgerQueries, workspace: String)
    }

    private func source() async throws -> Source {
        if ledger.ledger == nil {
            do throws(ControlFailure) {
                let (status, _) = try await control.tryAsking("GET", "/v1/history?limit=1")
                guard status == 404 else { return .daemon }
                throw ControlFailure(code: .noInput, reason: "the daemon has no ledger, so it has no history")
            } catch {
                try ledger.standIn(for: error, of: control)
            }
        }
        let (reader, workspace) = try await ledger.openOrExit()
        return .ledger(reader, workspace: workspace)
    }

    private func read(_ filter: HistoryFilter, _ source: Source) async throws -> [HistoryEntry] {
        switch source {
        case .daemon:
            if filter.limit > HistoryQuery.limitMax, !follow {
                StandardError.write(
                    "the daemon tells at most \(HistoryQuery.limitMax) at once; --ledger shows more, to root")
            }
            let body = try await control.fetch(HistoryQuery.path(filter, workspace: ledger.workspace))
            do {
                return try ReadableJSON.value([HistoryEntry].self, from: Data(body.readableBytesView))
            } catch {
                StandardError.write("error: the daemon's history cannot be read; is it of another version?")
                throw ExitCode.unavailable
            }
        case .ledger(let reader, let workspace):
            do throws(LedgerError) {
                return try await reader.history(workspace, filter)
            } catch {
                StandardError.write("error: \(error.message)")
                throw ExitCode(error)
            }
        }
    }

    private func show(_ entries: [HistoryEntry]) throws {
        let page = Page(width: Terminal.isTerminal ? Terminal.width : .max, isColored: Terminal.isColored)
        for entry in entries {
            if json {
                StandardOutput.write(try ReadableJSON.line(entry))
                continue
            }
            let tint: Page.Tint = entry.priority <= 2 ? .bad : entry.priority <= 4 ? .doubtful : .plain
            let text = "\(entry.at.toSecond)  \(entry.event)  \(entry.message)"
            for line in page.wrapped(text, hanging: 4) { StandardOutput.write(page.tinted(line, tint)) }
        }
    }
}
