import ArgumentParser
import Daemon
import FoundationEssentials
import Guard
import Journal
import NIOCore
import Reporting

/// `sendwarden status --check`: one line and an exit code, as Nagios expects from its plugins.
struct StatusCheck {
    enum Level: Int32, Comparable {
        case ok, warning, critical, unknown

        var word: String {
            switch self {
            case .ok: "OK"
            case .warning: "WARNING"
            case .critical: "CRITICAL"
            case .unknown: "UNKNOWN"
            }
        }

        static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
    }

    var control: ControlOption

    func run() async throws {
        let (level, line) = await verdict()
        StandardOutput.write("SENDWARDEN \(level.word) - \(line)")
        if level != .ok { throw ExitCode(level.rawValue) }
    }

    private func verdict() async -> (Level, String) {
        let answer: (status: UInt, body: ByteBuffer)
        do throws(ControlFailure) {
            // Nagios gives a plugin 60 s at most, and often 10.
            answer = try await control.tryAsking("GET", ControlPath.status.rawValue, within: .seconds(9))
        } catch {
            return (.unknown, StatusCheck.clean(error.reason))
        }
        guard answer.status == 200,
            let status = try? ReadableJSON.value(GuardStatus.self, from: Data(answer.body.readableBytesView))
        else { return (.unknown, "the daemon responds with HTTP \(answer.status); does it run another version?") }
        return StatusCheck.verdict(status)
    }

    static func verdict(_ status: GuardStatus) -> (Level, String) {
        let campaigns = status.campaigns
        let stale = campaigns.count { $0.isStale || $0.isMissing || $0.stats == nil }
        let paused = campaigns.count { $0.state == .paused }
        let others = status.pools.map(\.rules) + status.groups.map(\.rules)
        let firing = (campaigns.map(\.rules) + others).joined().count { $0.state == .firing }
        let lacking = campaigns.count { $0.rules.contains { $0.noData != nil } }
        let blind = others.joined().count { $0.noData != nil }
        let held = status.launches.count { $0.state == .held }
        let ineffective = campaigns.count { $0.isPauseIneffective == true }
        var (level, parts): (Level, [String]) = (.ok, [])
        func add(_ found: Level, _ text: String) {
            level = max(level, found)
            parts.append(text)
        }
        if status.isLedgerFailing { add(.critical, "the ledger cannot be written") }
        for workspace in status.workspaces {
            guard let trouble = workspace.apiTrouble else { continue }
            let isSevere = workspace.apiTroubleKind == .unauthorized || workspace.apiTroubleKind == .unreachable
            add(isSevere ? .critical : .warning, "\(workspace.name): \(trouble)")
        }
        if ineffective > 0 { add(.critical, "\(ineffective) still sending despite a pause") }
        if stale > 0 { add(stale == campaigns.count ? .critical : .warning, "\(stale) without fresh stats") }
        if lacking > 0 { add(.warning, "\(lacking) with rules that lack data") }
        if blind > 0 { add(.warning, "\(blind) rule\(blind == 1 ? "" : "s") on pools or groups without data") }
        if firing > 0 { add(.warning, "\(firing) rule\(firing == 1 ? "" : "s") firing") }
        let watched = "\(campaigns.count) campaign\(campaigns.count == 1 ? "" : "s") watched, \(paused) paused"
        if paused > 0 { level = max(level, .warning) }
        if held > 0 { parts.append("\(held) launch\(held == 1 ? "" : "es") held") }
        if status.mode == "observe" { parts.append("observe mode") }
        let data = [
            ("watched", campaigns.count), ("paused", paused), ("firing", firing), ("stale", stale), ("held", held),
        ].map { "\($0.0)=\($0.1)" }.joined(separator: " ")
        return (level, ([watched] + parts).map(clean).joined(separator: ", ") + " | " + data)
    }

    /// Performance data begins at the first bar.
    private static func clean(_ text: String) -> String { CleanText.cleaned(text).replacing("|", with: "/") }
}
