package import Guard
import Model
import Policy

extension Guard {
    /// The service's status line.
    package var summary: String {
        var (paused, resuming) = (0, 0)
        var (withoutStats, withoutData) = (0, 0)
        for index in campaigns.indices {
            switch campaigns[index].state {
            case .paused: paused += 1
            case .resuming: resuming += 1
            case .unknown, .draft, .starting, .running, .probation, .pausing, .pausedByAnother: break
            }
            if campaigns[index].samples.isStale || campaigns[index].samples.isMissing {
                withoutStats += 1
            } else if campaigns[index].rules.reportedMissing.contains(where: { $0 != nil }) {
                withoutData += 1
            }
        }
        let held = launches.all.count { $0.state == .held }
        let pools = policy.pools.count
        let named = pools == 0 ? "" : " and \(pools) named pool\(pools == 1 ? "" : "s")"
        var parts = ["watching \(campaigns.count) campaign\(campaigns.count == 1 ? "" : "s")\(named)"]
        if paused > 0 { parts.append("\(paused) paused") }
        if resuming > 0 { parts.append("\(resuming) resuming") }
        if held > 0 { parts.append("\(held) launch\(held == 1 ? "" : "es") held") }
        if withoutData > 0 { parts.append("\(withoutData) with rules that lack data") }
        if withoutStats > 0 { parts.append("\(withoutStats) without fresh stats") }
        if let failure = apiFailure { parts.append(failure) }
        if policy.mode == .observe { parts.append("observe mode") }
        return parts.joined(separator: ", ")
    }

    /// The state of the first failing API; nil while all are healthy.
    var apiFailure: String? {
        for workspace in policy.workspaces {
            guard let failure = apiFailure(of: workspace.name) else { continue }
            let text = Phrase.status(failure)
            return policy.workspaces.count == 1 ? text : "\(workspace.name): \(text)"
        }
        return nil
    }
}
