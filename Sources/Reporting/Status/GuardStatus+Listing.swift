import Policy

extension GuardStatus {
    static func listing(_ origin: CampaignEntry.Origin) -> String {
        switch origin {
        case .policy: "policy"
        case .file(let path): path
        case .order: "order"
        }
    }

    /// How many campaigns the policy, each file and orders list; nil if the policy lists all.
    package var listings: String? {
        var counts: [(name: String, count: Int)] = []
        for campaign in campaigns {
            let name = campaign.listedBy ?? "policy"
            if let index = counts.firstIndex(where: { $0.name == name }) {
                counts[index].count += 1
            } else {
                counts.append((name, 1))
            }
        }
        guard counts.contains(where: { $0.name != "policy" }) else { return nil }
        return counts.map { count in
            switch count.name {
            case "policy": "\(count.count) listed in the policy"
            case "order": "\(count.count) by order"
            default: "\(count.count) in \(count.name)"
            }
        }.joined(separator: ", ")
    }
}
