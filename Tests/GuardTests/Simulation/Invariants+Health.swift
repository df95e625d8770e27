import Guard
import Model
import Simulator

/// What is reported of the API's health.
extension Invariants {
    /// The API counts as healthy again only after a good answer that leaves no failing target.
    var reportedRecoveries: [String] {
        // Answers of zeros are not in the log, but are good for the API.
        guard world.weather.zeros == 0 else { return [] }
        var violations: [String] = []
        var failing: Set<Target> = []
        for entry in run.log {
            switch entry {
            case .crashed: failing = []
            case .observed(_, let observation, _):
                if case .failure(let fault) = observation.result, fault.kind != .missing {
                    failing.insert(observation.target)
                } else {
                    failing.remove(observation.target)
                }
            case .reported(let at, let event):
                if event.kind == .apiRecovered, !failing.isEmpty {
                    violations.append("the API is healthy again at \(at), but \(failing.count) requests fail")
                }
            case .reloaded(_, let without): failing.subtract(without.map { .stats($0) })
            case .failed, .sent, .arrived, .muted: break
            }
        }
        return violations
    }
}
