import Model
import Simulator

/// Compares the simulated world with the guard and without it.
enum DemoTable {
    static func text(guarded: World, unguarded: World) -> String {
        var rows = [
            ["campaign", "sent", "bounced", "state", "sent", "bounced", "state"]
        ]
        for campaign in guarded.campaigns {
            guard let other = unguarded.campaign(campaign.description.id) else { continue }
            rows.append(["\(campaign.description.name)"] + cells(campaign) + cells(other))
        }
        rows.append(["all"] + total(guarded) + total(unguarded))
        let columns = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        // Each half has its title above its three columns.
        let (first, second) = ("with Sendwarden", "without Sendwarden")
        let halfWidth = columns[1...3].reduce(4, +)
        let heading =
            String(repeating: " ", count: columns[0] + 2) + first
            + String(repeating: " ", count: max(1, halfWidth + 2 - first.count)) + second
        return ([heading] + rows.map { line($0, columns) }).joined(separator: "\n")
    }

    private static func line(_ row: [String], _ columns: [Int]) -> String {
        row.enumerated().map { index, cell in
            let padding = String(repeating: " ", count: columns[index] - cell.count)
            let isRightAligned = index % 3 != 0
            return isRightAligned ? padding + cell : cell + padding
        }.joined(separator: "  ").trimmingTrailingSpaces
    }

    private static func cells(_ campaign: SimulatedCampaign) -> [String] {
        [String(campaign.sent), bounces(campaign.bounced, campaign.delivered), campaign.status.rawValue]
    }

    private static func total(_ world: World) -> [String] {
        let bounced = world.campaigns.reduce(0) { $0 + $1.bounced }
        let delivered = world.campaigns.reduce(0) { $0 + $1.delivered }
        return [String(world.campaigns.reduce(0) { $0 + $1.sent }), bounces(bounced, delivered), ""]
    }

    private static func bounces(_ bounced: Int, _ delivered: Int) -> String {
        guard let ratio = Ratio(bounced, of: bounced + delivered) else { return "0" }
        return "\(bounced) (\(DecimalText.shortest(ratio.value * 100, decimals: 1)) %)"
    }
}

extension String {
    fileprivate var trimmingTrailingSpaces: String {
        var text = self[...]
        while text.last == " " { text = text.dropLast() }
        return String(text)
    }
}
