import Policy

extension Guard {
    /// One line about how things stand, for the service's status.
    package var summary: String {
        var paused = 0
        var blind = 0
        for campaign in campaigns {
            switch campaign.phase {
            case .paused, .resuming: paused += 1
            case .unknown, .draft, .releasing, .running, .pausing, .pausedByAnother: break
            }
            if campaign.isStale || campaign.isMissing { blind += 1 }
        }
        let held = launches.count {
            if case .held = $0.phase { true } else { false }
        }
        let pools = policy.pools.count
        let named = pools == 0 ? "" : " and \(pools) named pool\(pools == 1 ? "" : "s")"
        var parts = ["watching \(campaigns.count) campaign\(campaigns.count == 1 ? "" : "s")\(named)"]
        if paused > 0 { parts.append("\(paused) paused") }
        if held > 0 { parts.append("\(held) launch\(held == 1 ? "" : "es") held") }
        if blind > 0 { parts.append("\(blind) without fresh stats") }
        if let trouble = apiTrouble { parts.append(trouble) }
        if policy.mode == .observe { parts.append("observing only") }
        return parts.joined(separator: ", ")
    }
}
