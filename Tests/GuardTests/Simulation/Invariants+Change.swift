import Foundation
import Guard
import Model
import Policy

/// A rule with `within` fires only on a stretch of emails that is worse than its limit.
extension Invariants {
    /// A stretch of emails, and what it shows against the limit.
    private struct Growth {
        var bounced: Double
        var resolved: Double

        /// ln of the highest likelihood ratio between a rate above the limit and the limit.
        func logRatio(_ limit: Double) -> Double {
            let rate = bounced / resolved
            guard resolved > 0, rate > limit else { return 0 }
            let misses = resolved - bounced
            return bounced * log(rate / limit) + (misses > 0 ? misses * log((1 - rate) / (1 - limit)) : 0)
        }
    }

    /// The evidence is a sum over every email that the change may have begun with, so it is at most the number of
    /// emails times the strongest of these stretches; computed from the answers alone.
    var changedOnEvidence: [String] {
        guard let rule = world.rules.change else { return [] }
        var violations: [String] = []
        var latest: [CampaignID: CampaignStats] = [:]
        var growths: [CampaignID: [Growth]] = [:]
        var isFiring: Set<CampaignID> = []
        for entry in run.log {
            switch entry {
            case .observed(_, let observation, _):
                guard case .stats(let id) = observation.target, case .success(.stats(let stats)) = observation.result,
                    let bounced = stats.bounced, let delivered = stats.delivered
                else { continue }
                if let before = latest[id] {
                    let grown = Growth(
                        bounced: Double(max(0, bounced - (before.bounced ?? 0))),
                        resolved: Double(max(0, bounced + delivered - (before.resolved ?? 0))))
                    if grown.bounced > 0 || grown.resolved > 0 { growths[id, default: []].append(grown) }
                }
                latest[id] = stats
            case .reported(let at, let event):
                guard let id = event.fields[.campaign].flatMap({ CampaignID($0) }) else { continue }
                if event.kind == .statsReset, let stats = latest[id] {
                    // From zero: the first counters after the restart are new emails.
                    growths[id, default: []].append(
                        Growth(bounced: Double(stats.bounced ?? 0), resolved: Double(stats.resolved ?? 0)))
                }
                guard event.fields[.rule] == "change" else { continue }
                if event.kind == .ruleCleared { isFiring.remove(id) }
                guard event.kind == .ruleFiring else { continue }
                isFiring.insert(id)
                if let text = missingEvidence(growths[id] ?? [], rule) {
                    violations.append("change is firing on \(id) at \(at), \(text)")
                }
            case .sent(let at, let intent, _):
                guard intent.action == .pause, intent.attempt == 1, case .rule("change") = intent.decision.cause else {
                    continue
                }
                if !isFiring.contains(intent.campaign) {
                    violations.append("change paused \(intent.campaign) without firing at \(at)")
                }
            case .crashed, .failed, .arrived, .reloaded, .muted: break
            }
        }
        return violations
    }

    /// What is missing for the rule to fire; nil if nothing is.
    private func missingEvidence(_ growths: [Growth], _ rule: RandomRules.Change) -> String? {
        var stretch = Growth(bounced: 0, resolved: 0)
        var strongest = 0.0
        for growth in growths.reversed() {
            stretch.bounced += growth.bounced
            stretch.resolved = max(stretch.resolved + growth.resolved, stretch.bounced)
            strongest = max(strongest, stretch.logRatio(rule.limit))
        }
        let needed = log(Double(rule.within) / (1 - rule.confidence)) - log(max(1, stretch.resolved))
        return strongest >= needed ? nil : "but ln \(strongest) is below ln \(needed)"
    }
}
