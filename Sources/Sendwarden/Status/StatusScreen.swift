import Guard
import Model

/// How everything stands, as text for a terminal of some width.
struct StatusScreen {
    var width: Int
    var isColored: Bool
    /// At most so many campaigns.
    var limit: Int

    private enum Tint: String {
        case plain = "0"
        case bad = "31"
        case doubtful = "33"
        case faint = "2"
    }

    func text(_ status: GuardStatus) -> String {
        var lines = [cut("\(status.workspace) on \(status.provider), \(status.mode) mode: \(status.summary)")]
        if status.isLedgerFailing {
            lines.append(tinted(cut("the ledger cannot be written: nothing is started"), .bad))
        }
        if !status.pools.isEmpty { lines += [""] + status.pools.map { pool($0) } }
        lines += [""] + campaigns(status)
        let open = status.launches.filter { $0.state != .released && $0.state != .closed }
        if !open.isEmpty { lines += [""] + launches(open, status) }
        return lines.joined(separator: "\n")
    }

    // MARK: Pools

    /// `pool_a  ######==....  1300 used, 420 promised, 280 of 2000 left; renewed at 00:00Z`.
    private func pool(_ pool: GuardStatus.PoolStatus) -> String {
        guard let capacity = pool.dailyCapacity, let remaining = pool.remainingVolume, capacity > 0 else {
            return cut("\(pool.id)  volume unknown, \(pool.reserved) promised")
        }
        let cells = 20
        let used = min(cells, max(0, capacity - remaining) * cells / capacity)
        let reserved = min(cells - used, (min(pool.reserved, remaining) * cells + capacity - 1) / capacity)
        let bar =
            String(repeating: "#", count: used) + String(repeating: "=", count: reserved)
            + String(repeating: ".", count: cells - used - reserved)
        let renewal = pool.renewsAt.map { "; renewed at \($0.clockTime)" } ?? ""
        let left = max(0, remaining - pool.reserved)
        return cut(
            "\(pool.id)  \(bar)  \(capacity - remaining) used, \(pool.reserved) promised, \(left) of \(capacity) left\(renewal)"
        )
    }

    // MARK: Campaigns

    private func campaigns(_ status: GuardStatus) -> [String] {
        let sorted = status.campaigns.enumerated().sorted {
            let (first, second) = (StatusScreen.danger($0.element), StatusScreen.danger($1.element))
            return first != second ? first > second : $0.offset < $1.offset
        }.map(\.element)
        let shown = sorted.prefix(limit)
        var rows = shown.map { campaign in
            [
                StatusScreen.name(campaign.id, campaign.name), campaign.state.rawValue,
                campaign.stats?.sent.map(String.init) ?? "?", StatusScreen.bounces(campaign.stats),
                StatusScreen.age(campaign), remarks(campaign, at: status.at),
            ]
        }
        rows.insert(["campaign", "state", "sent", "bounced", "numbers", "remarks"], at: 0)
        var lines = table(rows, isRight: [false, false, true, true, true, false])
        for (index, campaign) in shown.enumerated() {
            lines[index + 1] = tinted(lines[index + 1], StatusScreen.tint(campaign))
        }
        if sorted.count > shown.count {
            lines.append("and \(sorted.count - shown.count) more, which are in no greater danger")
        }
        return lines
    }

    /// What needs a person's eye most has the most.
    private static func danger(_ campaign: GuardStatus.CampaignStatus) -> Int {
        let states = Set(campaign.rules.map(\.state))
        if campaign.state == .pausing { return 7 }
        let isStopped = campaign.state == .paused || campaign.state == .pausedByAnother
        if states.contains(.firing), !isStopped { return 6 }
        if campaign.isMissing || campaign.isStale { return 5 }
        if states.contains(.pending), !isStopped { return 4 }
        switch campaign.state {
        case .paused, .resuming, .pausing, .pausedByAnother: return 3
        case .probation: return 2
        case .running, .releasing, .unknown: return 1
        case .draft: return 0
        }
    }

    private static func tint(_ campaign: GuardStatus.CampaignStatus) -> Tint {
        switch danger(campaign) {
        case 6...: .bad
        case 2...5: .doubtful
        case 1: .plain
        default: .faint
        }
    }

    private static func name(_ id: CampaignID, _ name: String?) -> String {
        name.map { "\(id) \"\($0)\"" } ?? id.text
    }

    private static func bounces(_ stats: CampaignStats?) -> String {
        guard let bounced = stats?.bounced else { return "?" }
        guard let resolved = stats?.resolved, let ratio = Ratio(bounced, of: resolved) else { return "\(bounced)" }
        return "\(bounced) (\(ratio))"
    }

    private static func age(_ campaign: GuardStatus.CampaignStatus) -> String {
        if campaign.isMissing { return "unknown id" }
        guard let age = campaign.statsAge else { return "none yet" }
        return Duration.seconds(age.rounded()).spokenText + " old"
    }

    private func remarks(_ campaign: GuardStatus.CampaignStatus, at now: Instant) -> String {
        var remarks: [String] = []
        for rule in campaign.rules where rule.state != .inactive {
            let lasting = rule.since.map { " for \((now - $0).spokenText)" } ?? ""
            remarks.append("\(rule.name) \(rule.state.rawValue)\(lasting)")
        }
        for rule in campaign.rules {
            if let until = rule.mutedUntil, until > now {
                remarks.append("\(rule.name) muted until \(until.clockTime)")
            }
        }
        if let resumesAt = campaign.resumesAt { remarks.append("resumes not before \(resumesAt.clockTime)") }
        if campaign.isStale { remarks.append("blind") }
        return remarks.joined(separator: "; ")
    }

    // MARK: Launches

    private func launches(_ launches: [GuardStatus.LaunchStatus], _ status: GuardStatus) -> [String] {
        let names = Dictionary(status.campaigns.map { ($0.id, $0.name) }, uniquingKeysWith: { first, _ in first })
        var rows = launches.map { launch in
            var why = launch.reasons
            if let notBefore = launch.notBefore, notBefore > status.at { why.append("not before \(notBefore.rfc3339)") }
            let lasting = launch.heldSince.map { " for \((status.at - $0).spokenText)" } ?? ""
            return [
                StatusScreen.name(launch.campaign, names[launch.campaign] ?? nil), launch.state.rawValue + lasting,
                why.joined(separator: "; "),
            ]
        }
        rows.insert(["launch", "state", "why"], at: 0)
        return table(rows, isRight: [false, false, false])
    }

    // MARK: Layout

    /// The longest name that is shown in full on 80 columns; on more it may be longer.
    private var nameWidth: Int { max(16, width * 3 / 10) }

    private func table(_ rows: [[String]], isRight: [Bool]) -> [String] {
        let rows = rows.map { [StatusScreen.shortened($0[0], to: nameWidth)] + $0.dropFirst() }
        let columns = isRight.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = row.enumerated().map { index, cell in
                let padding = String(repeating: " ", count: columns[index] - cell.count)
                return isRight[index] ? padding + cell : cell + padding
            }
            var line = cells.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return cut(line)
        }
    }

    private func cut(_ line: String) -> String { StatusScreen.shortened(line, to: width) }

    private static func shortened(_ text: String, to length: Int) -> String {
        text.count <= length ? text : text.prefix(length - 1) + "…"
    }

    private func tinted(_ line: String, _ tint: Tint) -> String {
        isColored && tint != .plain ? "\u{1b}[\(tint.rawValue)m\(line)\u{1b}[0m" : line
    }
}
