import Guard
import Model
import Reporting

/// The status as text for a terminal of a given width.
struct StatusScreen {
    var page: Page
    /// The campaigns per page.
    var limit: Int
    var pageNumber = 1

    func text(_ status: GuardStatus) -> String {
        var lines = page.wrapped(
            status.workspaces.map { "\($0.name) on \($0.provider)" }.joined(separator: ", ")
                + ", \(status.mode) mode: \(status.summary)", hanging: 2)
        let (polled, budget) = (status.polledPerMinute, status.budgetPerMinute)
        lines.append(
            page.cut(
                "API \(StatusScreen.health(status)), \(StatusScreen.count(polled)) of "
                    + "\(StatusScreen.count(budget)) requests per minute"))
        if let listings = status.listings {
            lines += page.wrapped("campaigns: \(listings)", hanging: 2)
        }
        if status.isLedgerFailing {
            lines.append(page.tinted(page.cut("the ledger cannot be written: no campaign is started or resumed"), .bad))
        }
        lines += quiet(status).flatMap { page.wrapped($0, hanging: 2) }
        lines += (status.mutes ?? []).flatMap { page.wrapped(StatusScreen.mute($0, at: status.at), hanging: 2) }
        if !status.pools.isEmpty { lines += [""] + status.pools.flatMap { pool($0, at: status.at) } }
        let groups = status.groups.flatMap { group($0, at: status.at) }
        if !groups.isEmpty { lines += [""] + groups }
        if !status.campaigns.isEmpty || status.pools.isEmpty { lines += [""] + campaigns(status) }
        let open = status.launches.filter(\.isOpen)
        if !open.isEmpty { lines += [""] + launches(open, status) }
        return lines.joined(separator: "\n")
    }

    /// `healthy`, or `unhealthy` with the workspaces concerned.
    private static func health(_ status: GuardStatus) -> String {
        let unhealthy = status.workspaces.filter { $0.apiTrouble != nil }
        if unhealthy.isEmpty { return "healthy" }
        return status.workspaces.count == 1
            ? "unhealthy" : "unhealthy (\(unhealthy.map(\.name.text).joined(separator: ", ")))"
    }

    /// `quiet hours until 07:00Z: no campaign is started or resumed`, with the workspaces if only some are quiet.
    private func quiet(_ status: GuardStatus) -> [String] {
        let quiet = status.workspaces.filter { $0.isQuiet == true }
        let ends = quiet.reduce(into: [Instant?]()) { if !$0.contains($1.quietUntil) { $0.append($1.quietUntil) } }
        return ends.map { end in
            let names = quiet.filter { $0.quietUntil == end }.map(\.name.text)
            let whose = names.count == status.workspaces.count ? "" : " of \(names.joined(separator: ", "))"
            let until = end.map { "until \($0.shortText(on: status.at))" } ?? "without end"
            return "quiet hours\(whose) \(until): no campaign is started or resumed, except by people"
        }
    }

    /// `maintenance window 12 until 23:00Z: rule bounces is muted on campaigns with team=sales (3 now), by anna`.
    private static func mute(_ mute: GuardStatus.MuteStatus, at now: Instant) -> String {
        let (start, end) = (mute.startsAt.shortText(on: now), mute.endsAt.shortText(on: now))
        let times = mute.isInForce ? "until \(end)" : "planned from \(start) until \(end)"
        let reason = mute.reason.map { ", \"\($0)\"" } ?? ""
        return
            "maintenance window \(mute.number) \(times): \(mute.text) (\(mute.campaigns) now), by \(mute.by)\(reason)"
    }

    // MARK: Pools

    /// `pool_a  ######==....  1300 used, 420 reserved, 280 of 2000 left; resets at 00:00Z`.
    private func pool(_ pool: GuardStatus.PoolStatus, at now: Instant) -> [String] {
        let rules = pool.rules.remarks(at: now)
        guard let capacity = pool.dailyCapacity, let remaining = pool.remainingVolume, capacity > 0 else {
            let text = pool.isMissing ? "not found on its platform" : PoolText.volume(pool)
            return lines("\(pool.id)", ([text] + rules).joined(separator: "; ")).map {
                pool.isMissing ? page.tinted($0, .doubtful) : $0
            }
        }
        let cells = 20
        let used = min(cells, max(0, capacity - remaining) * cells / capacity)
        let reserved = min(cells - used, (min(pool.reserved, remaining) * cells + capacity - 1) / capacity)
        let bar =
            String(repeating: "#", count: used) + String(repeating: "=", count: reserved)
            + String(repeating: ".", count: cells - used - reserved)
        let members = pool.platformID == nil ? nil : PoolText.senders(pool)
        return lines(
            "\(pool.id)  \(bar)",
            ([PoolText.volume(pool), members, pool.change].compactMap { $0 } + rules).joined(separator: "; "))
    }

    // MARK: Groups

    /// The rules that are not inactive on the group: `team=sales  team-bounces firing for 5m: bounceRate 6.8 % > 5 %`.
    private func group(_ group: GuardStatus.GroupStatus, at now: Instant) -> [String] {
        let isFiring = group.rules.contains { $0.state == .firing }
        let remarks = group.rules.remarks(at: now)
        if remarks.isEmpty { return [] }
        return lines(group.text, remarks.joined(separator: "; ")).map { page.tinted($0, isFiring ? .bad : .doubtful) }
    }

    // MARK: Campaigns

    private func campaigns(_ status: GuardStatus) -> [String] {
        let sorted = status.campaigns.enumerated().sorted {
            let (first, second) = (StatusScreen.urgency($0.element), StatusScreen.urgency($1.element))
            return first != second ? first > second : $0.offset < $1.offset
        }.map(\.element)
        let shown = Array(sorted.dropFirst(limit * (pageNumber - 1)).prefix(limit))
        var rows = shown.map { campaign in
            [
                StatusScreen.name(campaign.id, campaign.name), campaign.state.rawValue,
                campaign.stats?.sent.map(String.init) ?? "?", StatusScreen.rate(campaign), StatusScreen.trend(campaign),
            ]
        }
        rows.insert(["campaign", "state", "sent", "bounced", "trend"], at: 0)
        let isWide = page.width >= 100
        if isWide {
            for (index, campaign) in shown.enumerated() {
                rows[index + 1].insert(StatusScreen.bounces(campaign.stats), at: 4)
            }
            rows[0].insert("total", at: 4)
        }
        let table = page.table(rows, isRight: [false, false, true, true] + (isWide ? [true] : []) + [false])
        var lines = [table[0]]
        for (line, campaign) in zip(table.dropFirst(), shown) {
            lines += self.lines(line, campaign.remarks(at: status.at).joined(separator: "; ")).map {
                page.tinted($0, StatusScreen.tint(campaign))
            }
        }
        let rest = sorted.count - limit * (pageNumber - 1) - shown.count
        if rest > 0 { lines.append("and \(rest) more, none more urgent; show them with --page \(pageNumber + 1)") }
        return lines
    }

    /// The remarks beside their campaign, or below it if they do not fit.
    private func lines(_ line: String, _ remarks: String) -> [String] {
        if remarks.isEmpty { return [line] }
        if line.count + 2 + remarks.count <= page.width { return ["\(line)  \(remarks)"] }
        return [line] + page.wrapped(remarks, indent: 4, hanging: 2)
    }

    /// How urgently the campaign needs a person's attention; higher is more urgent.
    private static func urgency(_ campaign: GuardStatus.CampaignStatus) -> Int {
        let states = Set(campaign.rules.map(\.state))
        if campaign.state == .pausing || campaign.isPauseIneffective == true { return 7 }
        let isStopped = campaign.state == .paused || campaign.state == .pausedByAnother
        if states.contains(.firing), !isStopped { return 6 }
        if campaign.isMissing || campaign.isStale || campaign.rules.contains(where: { $0.noData != nil }) { return 5 }
        if states.contains(.pending), !isStopped { return 4 }
        switch campaign.state {
        case .paused, .resuming, .pausing, .pausedByAnother: return 3
        case .probation: return 2
        case .running, .starting, .unknown: return 1
        case .draft: return 0
        }
    }

    private static func tint(_ campaign: GuardStatus.CampaignStatus) -> Page.Tint {
        switch urgency(campaign) {
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

    /// `5.6 % in 24h`.
    private static func rate(_ campaign: GuardStatus.CampaignStatus) -> String {
        guard let rate = campaign.rate else { return "–" }
        return Ratio(rate).description + (campaign.rateWindow.map { " in \($0)" } ?? "")
    }

    /// The rate over time as a line of bars, scaled to its limit or its peak.
    private static func trend(_ campaign: GuardStatus.CampaignStatus) -> String {
        let bars = Array("▁▂▃▄▅▆▇█")
        let highest = max(campaign.trend.compactMap(\.self).max() ?? 0, campaign.rateLimit ?? 0)
        guard highest > 0, campaign.trend.contains(where: { $0 != nil }) else { return "" }
        return String(
            campaign.trend.map { value in
                value.map { bars[min(bars.count - 1, Int($0 / highest * Double(bars.count - 1) + 0.5))] } ?? " "
            }
        ).withoutTrailingSpaces
    }

    private static func count(_ value: Double) -> String { DecimalText.shortest(value, decimals: 0) }

    // MARK: Launches

    private func launches(_ launches: [GuardStatus.LaunchStatus], _ status: GuardStatus) -> [String] {
        let names = Dictionary(status.campaigns.map { ($0.id, $0.name) }, uniquingKeysWith: { first, _ in first })
        var rows = launches.map { launch in
            let lasting = launch.heldSince.map { " for \((status.at - $0).spokenText)" } ?? ""
            return [
                StatusScreen.name(launch.campaign, names[launch.campaign] ?? nil), launch.state.rawValue + lasting,
                launch.why(at: status.at).joined(separator: "; "),
            ]
        }
        rows.insert(["launch", "state", "why"], at: 0)
        let table = page.table(rows.map { Array($0.prefix(2)) }, isRight: [false, false])
        return zip(table, rows).flatMap { lines($0, $1[2]) }
    }
}
