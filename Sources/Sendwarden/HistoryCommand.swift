import ArgumentParser
import Daemon
import FoundationEssentials
import Journal
import Ledger
import Model
import NIOCore
import NIOHTTP1
import Policy

/// `sendwarden history`: prints past events and follows new ones.
struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Show past events and follow new ones.",
        discussion: """
            Queries the running daemon. If no daemon runs, or with --ledger, reads the ledger. The ledger retains \
            events for 90 days.
            Exits with 65 if nothing is known by the given name, 66 if the ledger does not exist, 69 if no daemon responds and there is no ledger, 77 without \
            permission.

            Example: sendwarden history --campaign camp_123 --since 7d
            """)

    @OptionGroup var control: ControlOption
    @OptionGroup var ledger: LedgerOption

    @Option(help: ArgumentHelp("Only events of this campaign.", valueName: "id"))
    var campaign: String?

    @Option(help: ArgumentHelp("Only events of this pool: its id or its name in the policy.", valueName: "id"))
    var pool: String?

    @Option(help: ArgumentHelp("Only events of this rule.", valueName: "name"))
    var rule: String?

    @Option(help: ArgumentHelp("Only this event (campaign.paused) or group of events (campaign).", valueName: "event"))
    var event: String?

    @Option(help: ArgumentHelp("Minimum severity: critical, error, warning, notice or info.", valueName: "word"))
    var priority: String?

    @Option(help: ArgumentHelp("Only events since this time: 24h (ago) or 2026-12-01T09:00:00Z.", valueName: "time"))
    var since: String?

    @Option(help: ArgumentHelp("Only events until this time: 1h (ago) or 2026-12-01T09:00:00Z.", valueName: "time"))
    var until: String?

    @Option(help: ArgumentHelp("Show at most this many events, the newest.", valueName: "count"))
    var limit = 100

    @Flag(name: .shortAndLong, help: "Follow new events until Ctrl-C.")
    var follow = false

    @Flag(help: "Print one JSON object per line.")
    var json = false

    private static let priorities: [String: Int] = [
        "critical": 2, "error": 3, "warning": 4, "notice": 5, "info": 6,
    ]

    func validate() throws {
        if let priority, HistoryCommand.priorities[priority] == nil {
            throw ValidationError("--priority \(priority) is not one of critical, error, warning, notice, info.")
        }
        for (name, text) in [("since", since), ("until", until)] {
            if let text, MomentText.instant(text) == nil {
                throw ValidationError(
                    "--\(name) \(text) is neither a duration such as 24h nor a time such as 2026-12-01T09:00:00Z.")
            }
        }
        if let since, let until, MomentText.isEmpty(from: since, until: until) {
            throw ValidationError("--since \(since) is not before --until \(until).")
        }
        guard (1...HistoryFilter.limitMax).contains(limit) else {
            throw ValidationError("--limit \(limit) is outside 1 to \(HistoryFilter.limitMax).")
        }
        if follow, until != nil { throw ValidationError("--follow and --until cannot be combined.") }
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
        if entries.isEmpty {
            for (kind, name) in [("campaign", campaign), ("pool", pool), ("rule", rule)] {
                if let name { try await requireKnown(name, kind, source) }
            }
            if !follow, !json { StandardError.write("no matching events") }
        }
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
                let (status, body) = try await control.tryAsking("GET", "/v1/history?limit=1")
                guard status != 503 else {
                    throw ControlFailure(code: .unavailable, reason: ControlOption.refusal(status, body))
                }
                guard status == 404 else { return .daemon }
                throw ControlFailure(code: .noInput, reason: "the daemon has no ledger, so it has no history")
            } catch {
                try ledger.standIn(for: error, of: control)
            }
        }
        let (reader, workspace) = try await ledger.openOrExit()
        return .ledger(reader, workspace: workspace)
    }

    /// Fails if the name is unknown, because a typing error is more likely than a campaign without events.
    private func requireKnown(_ name: String, _ kind: String, _ source: Source) async throws {
        var filter = HistoryFilter(limit: 1)
        switch kind {
        case "campaign": filter.campaign = name
        case "pool": filter.pool = name
        default: filter.rule = name
        }
        if try await !read(filter, source).isEmpty { return }
        var nearest: String?
        var place = ""
        switch source {
        case .daemon:
            let (_, body) = try await control.ask("GET", ControlPath.explain.with([("subject", name)]))
            // A daemon of another version may not answer; the name then counts as known.
            guard let explained = try? ReadableJSON.value(Explained.self, from: Data(body.readableBytesView)),
                !explained.isFound
            else { return }
            nearest = explained.nearest
        case .ledger(let reader, let workspace):
            let campaigns = try await orExit { () throws(LedgerError) in try await reader.campaigns(workspace) }
            let pools = try await orExit { () throws(LedgerError) in
                try await reader.pools(workspace, since: Instant(milliseconds: 0))
            }
            let known = kind == "campaign" ? campaigns.map(\.text) : kind == "pool" ? pools.keys.map(\.text) : []
            if known.contains(name) { return }
            (nearest, place) = (NearestName.of(name, in: known.sorted()), "in the ledger ")
        }
        let near = NearestName.suggestion(nearest)
        StandardError.write("error: no \(kind) \(place)is named \(CleanText.cleaned(name))\(near)")
        throw ExitCode.dataError
    }

    private func read(_ filter: HistoryFilter, _ source: Source) async throws -> [HistoryEntry] {
        switch source {
        case .daemon:
            if filter.limit > HistoryQuery.limitMax, !follow {
                StandardError.write(
                    "the daemon returns at most \(HistoryQuery.limitMax) events; as root, use --ledger for more")
            }
            let body = try await fetch(HistoryQuery.path(filter, workspace: ledger.workspace))
            do {
                return try ReadableJSON.value([HistoryEntry].self, from: Data(body.readableBytesView))
            } catch {
                StandardError.write("error: cannot parse the daemon's response; does it run another version?")
                throw ExitCode.unavailable
            }
        case .ledger(let reader, let workspace):
            return try await orExit { () throws(LedgerError) in try await reader.history(workspace, filter) }
        }
    }

    /// Fetches events, and reports those that are missing because they are not stored yet.
    private func fetch(_ uri: String) async throws -> ByteBuffer {
        do throws(ControlFailure) {
            let (status, headers, body) = try await control.exchange("GET", uri)
            guard status == 200 else {
                throw ControlFailure(code: .unavailable, reason: ControlOption.refusal(status, body))
            }
            if let count = headers.first(name: HistoryQuery.unstoredHeader).flatMap({ Int($0) }), !follow {
                StandardError.write(
                    "the newest \(count == 1 ? "event is" : "\(count) events are") missing here: the ledger has not stored "
                        + "\(count == 1 ? "it" : "them") yet; 'sendwarden explain' and the journal show "
                        + (count == 1 ? "it" : "them"))
            }
            return body
        } catch {
            StandardError.write("error: \(error.reason)")
            throw error.code
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
