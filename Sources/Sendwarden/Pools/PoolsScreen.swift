import Journal
import Model
import Reporting

/// Pools as one table per workspace, or the members of one pool.
struct PoolsScreen {
    var page: Page

    func text(_ listed: PoolListing, showsSenders: Bool) -> String {
        (showsSenders ? senders(listed.senders) : pools(listed.pools)).joined(separator: "\n")
    }

    private func pools(_ pools: [PoolListing.Pool]) -> [String] {
        guard !pools.isEmpty else { return ["no pools"] }
        let workspaces = Dictionary(grouping: pools, by: \.workspace)
        var lines: [String] = []
        for (workspace, pools) in workspaces.sorted(by: { $0.key < $1.key }) {
            if workspaces.count > 1 {
                if !lines.isEmpty { lines.append("") }
                lines.append(page.tinted("\(workspace), on \(pools[0].provider)", .bold))
            }
            let rows = pools.map { pool in
                [
                    pool.id.text, pool.name ?? "", pool.policyName?.text ?? "", count(pool.dailyCapacity),
                    count(pool.remainingVolume), count(pool.senders), date(pool.createdAt),
                    PoolText.tags(pool.tags ?? [:]),
                ]
            }
            lines += table(
                ["pool", "name", "in the policy", "capacity", "left", "senders", "created", "tags"], rows,
                isRight: [false, false, false, true, true, true, false, false])
        }
        return lines
    }

    private func senders(_ senders: [PoolListing.Sender]) -> [String] {
        guard !senders.isEmpty else { return ["no senders"] }
        let rows = senders.map { sender in
            [
                sender.id.text, sender.address ?? "", sender.channel?.rawValue ?? "?", sender.status?.rawValue ?? "?",
                date(sender.createdAt), sender.displayName ?? "", PoolText.tags(sender.tags),
            ]
        }
        return table(
            ["sender", "address", "channel", "status", "created", "name", "tags"], rows,
            isRight: [false, false, false, false, false, false, false])
    }

    /// Omits columns without values.
    private func table(_ head: [String], _ rows: [[String]], isRight: [Bool]) -> [String] {
        let columns = isRight.indices.filter { column in rows.contains { !$0[column].isEmpty } }
        let cleaned = ([head] + rows).map { row in columns.map { CleanText.cleaned(row[$0]) } }
        let table = page.table(cleaned, isRight: columns.map { isRight[$0] }, firstMax: 60)
        return [page.tinted(table[0], .bold)] + table.dropFirst()
    }

    private func count(_ count: Int?) -> String { count.map(String.init) ?? "" }

    private func date(_ time: Instant?) -> String { time.map(\.date) ?? "" }
}
