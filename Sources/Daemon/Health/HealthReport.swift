import Guard
import Policy
import Reporting

/// The reasons why the daemon is not ready, one clause each.
package struct HealthReport: Sendable, Hashable {
    /// Why campaigns are not guarded.
    package var polls: [String] = []
    /// Why nothing can be stored.
    package var storage: [String] = []

    /// Empty if the daemon is ready.
    package var problems: [String] { storage + polls }

    package init() {}
}

extension Guard {
    /// Why campaigns are not guarded, by workspace; cheap enough for a probe every few seconds.
    func pollProblems() -> [String] {
        var problems: [String] = []
        var counts: [(all: Int, without: Int)] = Array(repeating: (0, 0), count: policy.workspaces.count)
        let places = Dictionary(
            policy.workspaces.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
        for index in campaigns.indices {
            guard let place = places[campaigns[index].entry.workspace] else { continue }
            counts[place].all += 1
            let samples = campaigns[index].samples
            if samples.isStale || samples.isMissing || samples.latest == nil { counts[place].without += 1 }
        }
        for (place, workspace) in policy.workspaces.enumerated() {
            if let kind = apiFailure(of: workspace.name) {
                switch kind {
                case .unauthorized, .unreachable: problems.append("\(workspace.name): \(Phrase.status(kind))")
                case .throttled, .unexpected: break
                }
            }
            let count = counts[place]
            if count.all > 0, count.without == count.all {
                problems.append("\(workspace.name): no campaign has fresh stats")
            }
        }
        return problems
    }
}
