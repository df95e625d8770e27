import Model
package import Policy

extension CheckedPolicy {
    /// Where campaigns come from that the policy does not list itself: ` (40 from files, 2 watched by order)`.
    private var origins: String {
        var (ofFiles, ordered) = (0, 0)
        for campaign in campaigns {
            switch campaign.origin {
            case .policy: break
            case .file: ofFiles += 1
            case .order: ordered += 1
            }
        }
        let parts = [
            ofFiles == 0 ? nil : "\(ofFiles) from files", ordered == 0 ? nil : "\(ordered) watched by order",
        ].compactMap { $0 }
        return parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))"
    }

    /// The policy in one line.
    package var summary: String {
        func count(_ number: Int, _ word: String, _ plural: String? = nil) -> String {
            "\(number) \(number == 1 ? word : plural ?? word + "s")"
        }
        // An override of a rule with tiers is one for each tier.
        let overrides = Set(rules.flatMap(\.overrides).map(\.order)).count
        return [
            "workspace\(workspaces.count == 1 ? "" : "s") \(workspaces.map(\.name.text).joined(separator: ", "))",
            "\(mode.rawValue) mode\(setsMode ? "" : " (the policy sets none)")",
            count(campaigns.count, "campaign") + origins,
            count(rules.count, "rule"), overrides == 0 ? nil : count(overrides, "override"),
            included.isEmpty ? nil : count(included.count, "included file"),
            count(launches.count, "launch", "launches"),
            pools.isEmpty ? nil : count(pools.count, "named pool"), "polled every \(poll.statsPace.text)",
        ].compactMap { $0 }.joined(separator: ", ")
    }
}
