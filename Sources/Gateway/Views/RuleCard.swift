import Model
import Pages
import Policy
import Reporting

/// A rule on a campaign, with the value of each part of its condition.
struct RuleCard {
    /// Deeper parts are indented no further.
    private static let depthMax = 6

    var rule: Explanation.RulePart
    var now: Instant

    var html: Html {
        Html("article", .class("rule")) {
            Html("h3") {
                "\(rule.name) "
                Layout.badge(rule.state, tone)
                if rule.mode == "observe" { Layout.badge("observe mode", .plain) }
            }
            Html("p") {
                "when "
                Html("code") { rule.condition }
                "\(rule.lasting), then \(rule.then)"
            }
            if let since = rule.since {
                Html("p") {
                    "\(rule.state) since "
                    Layout.time(since)
                }
            }
            evidence
            for sentence in sentences { Html("p") { sentence } }
        }
    }

    private var tone: Layout.Tone {
        switch rule.state {
        case "firing", "holds": .bad
        case "pending", "unknown": .odd
        case "inactive", "allows": .good
        default: .plain
        }
    }

    private var sentences: [String] {
        var sentences: [String] = []
        if let countsSince = rule.countsSince {
            sentences.append("evaluated from the resume at \(countsSince.toSecond)")
        }
        if let until = rule.mutedUntil, until > now {
            sentences.append("muted until \(until.toSecond) by \(rule.mutedBy ?? "a person")")
        }
        return sentences + [rule.noData, rule.change].compactMap(\.self)
    }

    private var evidence: Html {
        let columns: [DataTable.Column] = [.init(name: "Part"), .init(name: "Result"), .init(name: "Value")]
        return DataTable("Evidence for \(rule.name).", columns, rows: rows(rule.tree, 0)).html
    }

    private func rows(_ node: EvaluationNode, _ depth: Int) -> [DataTable.Row] {
        let outcome: Html
        switch node.outcome {
        case "true": outcome = Layout.badge("true", .bad)
        case "unknown": outcome = Layout.badge("unknown", .odd)
        case let word?: outcome = .text(word)
        case nil: outcome = .nothing
        }
        let name = Html("span", .class("depth-\(min(depth, RuleCard.depthMax))")) { Html("code") { node.text } }
        return [DataTable.Row(cells: [name, outcome, .text(node.value ?? "")])]
            + node.parts.flatMap { rows($0, depth + 1) }
    }
}
