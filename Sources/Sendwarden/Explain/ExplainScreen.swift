import Daemon
import Guard
import Ledger
import Model
import Pages
import Policy
import Reporting

/// An explanation as text.
struct ExplainScreen {
    var page: Page

    func text(_ explained: Explained) -> String {
        var lines: [String] = []
        if let campaign = explained.campaign { lines += self.lines(campaign) }
        if let rule = explained.rule { lines += self.lines(rule) }
        if let pool = explained.pool { lines += self.lines(pool) }
        if let decision = explained.decision { lines += self.lines(decision) }
        if !explained.events.isEmpty {
            lines += ["", page.tinted("History", .bold)]
            for event in explained.events {
                let note = event.isStored ? "" : " (not stored yet)"
                let text = "\(event.at.toSecond)  \(event.message)\(note)"
                lines += page.wrapped(text, indent: 2, hanging: 4).map { page.tinted($0, tint(event.priority)) }
            }
        }
        for sentence in explained.incomplete ?? [] {
            lines += [""] + page.wrapped("Incomplete: \(sentence)", hanging: 2).map { page.tinted($0, .doubtful) }
        }
        return lines.joined(separator: "\n")
    }

    private func tint(_ priority: Int) -> Page.Tint { priority <= 2 ? .bad : priority <= 4 ? .doubtful : .plain }

    // MARK: A campaign

    private func lines(_ campaign: Explanation) -> [String] {
        let name = campaign.name.map { " \"\($0)\"" } ?? ""
        let pool = campaign.pool.map { " in \($0)" } ?? ""
        var lines = page.wrapped("\(campaign.id)\(name)\(pool): \(headline(campaign))").map {
            page.tinted($0, .bold)
        }
        lines += page.wrapped(numbers(campaign), indent: 2, hanging: 2)
        if let pause = campaign.pause {
            let decision = pause.decision.map { ", decision \($0)" } ?? ""
            lines += ["", page.tinted("Reason for the pause", .bold)]
            lines += page.wrapped("since \(pause.at.toSecond): \(pause.why)\(decision)", indent: 2, hanging: 2)
            if let condition = pause.condition { lines += page.wrapped("when \(condition)", indent: 4, hanging: 2) }
            for evidence in pause.evidence { lines += page.wrapped(evidence, indent: 6, hanging: 2) }
            if let own = pause.own {
                lines += page.wrapped("the campaign alone", indent: 4, hanging: 2)
                for evidence in own { lines += page.wrapped(evidence, indent: 6, hanging: 2) }
            }
        }
        if let launch = campaign.launch, launch.state != "closed" {
            lines += ["", page.tinted("Launch: \(launch.state)", .bold)]
            for reason in launch.reasons { lines += page.wrapped(reason, indent: 2, hanging: 2) }
            if let since = launch.heldSince, launch.state == "held" { lines.append("  held since \(since.toSecond)") }
        }
        if !campaign.next.isEmpty {
            lines += ["", page.tinted("What happens next", .bold)]
            for next in campaign.next { lines += page.wrapped(next, indent: 2, hanging: 2) }
        }
        let against =
            (campaign.resumeObstacles ?? []) + (campaign.resumeWarnings ?? []).map { "warning (does not block): \($0)" }
        if !against.isEmpty { lines += ["", page.tinted("What blocks a resume", .bold)] }
        for reason in against { lines += page.wrapped(reason, indent: 2, hanging: 2) }
        for rule in campaign.rules { lines += [""] + self.lines(rule, at: campaign.at) }
        if campaign.rules.isEmpty { lines += ["", "No rule applies to this campaign."] }
        return lines
    }

    private func headline(_ campaign: Explanation) -> String {
        if campaign.isMissing { return "\(campaign.state.rawValue), not found on the platform" }
        return campaign.state.rawValue + (campaign.isStale ? ", no fresh stats" : "")
    }

    private func numbers(_ campaign: Explanation) -> String {
        guard let stats = campaign.stats else { return "no stats yet" }
        func count(_ value: Int?, _ name: String) -> String { "\(value.map(String.init) ?? "?") \(name)" }
        var text =
            "\(count(stats.totalEnrolled, "enrolled")), \(count(stats.sent, "sent")), "
            + "\(count(stats.delivered, "delivered")), \(count(stats.bounced, "bounced"))"
        if let bounced = stats.bounced, let resolved = stats.resolved, let rate = Ratio(bounced, of: resolved) {
            text += " (\(rate) of \(resolved) resolved)"
        }
        let age = campaign.statsAge.map { "; stats \(Duration.seconds($0.rounded()).spokenText) old" } ?? ""
        return text + age
    }

    // MARK: A pool

    private func lines(_ pool: PoolExplanation) -> [String] {
        let status = pool.status
        let name = status.name.map { " \"\($0)\"" } ?? ""
        let state = status.isMissing ? "not found on its platform" : PoolText.volume(status)
        var lines = page.wrapped("\(status.id)\(name) in workspace \(status.workspace): \(state)").map {
            page.tinted($0, .bold)
        }
        if let binding = pool.binding {
            let id = status.platformID.map { ", matched by \($0)" } ?? ""
            lines += page.wrapped("selected by \(binding)\(id)", indent: 2, hanging: 2)
        }
        if let senders = PoolText.senders(status) { lines += page.wrapped(senders, indent: 2, hanging: 2) }
        if !status.tags.isEmpty { lines += page.wrapped("tags \(PoolText.tags(status.tags))", indent: 2, hanging: 2) }
        let drawing = pool.campaigns.map(\.text)
        let shown =
            drawing.prefix(10).joined(separator: ", ") + (drawing.count > 10 ? " and \(drawing.count - 10) more" : "")
        lines += page.wrapped(
            drawing.isEmpty ? "not used by any campaign" : "used by \(shown)", indent: 2, hanging: 2)
        if !pool.next.isEmpty {
            lines += ["", page.tinted("What happens next", .bold)]
            for next in pool.next { lines += page.wrapped(next, indent: 2, hanging: 2) }
        }
        for rule in pool.rules { lines += [""] + self.lines(rule, at: pool.at) }
        return lines
    }

    // MARK: Rules

    private func lines(_ rule: Explanation.RulePart, at now: Instant) -> [String] {
        let since = rule.since.map { " for \((now - $0).spokenText)" } ?? ""
        let observed = rule.mode == "observe" ? ", observe mode" : ""
        let tint: Page.Tint =
            ["firing", "holds"].contains(rule.state) ? .bad : rule.state == "inactive" ? .bold : .doubtful
        var lines = [page.tinted("Rule \(rule.name): \(rule.state)\(since)\(observed)", tint)]
        let overridden = rule.isOverridden == true ? " (overridden for this campaign)" : ""
        lines += page.wrapped(
            "when \(rule.condition)\(rule.lasting), then \(rule.then)\(overridden)", indent: 2, hanging: 2)
        if let group = rule.group { lines += page.wrapped("over \(group)", indent: 2, hanging: 2) }
        lines += tree(rule.tree)
        if let countsSince = rule.countsSince {
            lines += page.wrapped("evaluated from the resume at \(countsSince.toSecond)", indent: 2, hanging: 2)
        }
        if let until = rule.mutedUntil {
            lines += page.wrapped(
                "muted until \(until.toSecond) by \(rule.mutedBy ?? "a person")", indent: 2, hanging: 2)
        }
        if let noData = rule.noData {
            lines += page.wrapped(noData, indent: 2, hanging: 2).map { page.tinted($0, .doubtful) }
        }
        if let change = rule.change { lines += page.wrapped(change, indent: 2, hanging: 2) }
        return lines
    }

    /// One line for each part of the condition, with columns for its outcome and its value.
    private func tree(_ root: EvaluationNode) -> [String] {
        let rows = root.rows()
        let textWidth = min(rows.map(\.text.count).max() ?? 0, page.width / 2)
        let outcomeWidth = rows.map(\.outcome.count).max() ?? 0
        return rows.map { row in
            let text = Page.shortened(row.text, to: textWidth)
            let line =
                "    \(text)\(String(repeating: " ", count: textWidth - text.count))  \(row.outcome)"
                + "\(String(repeating: " ", count: outcomeWidth - row.outcome.count))  \(row.value)"
            let tint: Page.Tint =
                switch row.outcome {
                case "true": .bad
                case "unknown": .doubtful
                default: row.outcome.isEmpty ? .faint : .plain
                }
            return page.tinted(page.cut(line.withoutTrailingSpaces), tint)
        }
    }

    private func lines(_ rule: RuleExplanation) -> [String] {
        var lines = [page.tinted("Rule \(rule.name), on \(rule.on), \(rule.mode) mode, \(rule.severity)", .bold)]
        lines += page.wrapped("when \(rule.condition)\(rule.lasting), then \(rule.then)", indent: 2, hanging: 2)
        if let resume = rule.resume { lines += page.wrapped("resumes \(resume)", indent: 2, hanging: 2) }
        for override in rule.overrides ?? [] {
            let differences = [
                override.mode == rule.mode ? nil : "\(override.mode) mode",
                override.severity == rule.severity ? nil : override.severity,
                override.resume == rule.resume ? nil : override.resume.map { "resumes \($0)" },
            ].compactMap(\.self).map { ", \($0)" }.joined()
            let names = PolicyText.names(override.campaigns.map(\.text))
            let text = "\(override.condition)\(override.lasting), then \(override.then)\(differences)"
            lines += page.wrapped("overridden for \(names): when \(text)", indent: 2, hanging: 2)
        }
        lines.append("")
        guard !rule.places.isEmpty else { return lines + ["  The rule applies to nothing at present."] }
        let rows = rule.places.map { place in
            let since = place.since.map { " for \((rule.at - $0).spokenText)" } ?? ""
            return [place.id + (place.name.map { " \"\($0)\"" } ?? ""), place.state + since, place.evidence ?? ""]
        }
        return lines + page.table(rows, isRight: [false, false, false]).map { "  " + $0 }
    }

    // MARK: Decisions

    private func lines(_ decision: DecisionRecord) -> [String] {
        var lines = page.wrapped(
            "Decision \(decision.id) on \(decision.subject) at \(decision.at.toSecond): \(decision.reason)"
        ).map { page.tinted($0, .bold) }
        if let condition = decision.condition { lines += page.wrapped("when \(condition)", indent: 2, hanging: 2) }
        for evidence in decision.evidence { lines += page.wrapped(evidence, indent: 4, hanging: 2) }
        if decision.actions.isEmpty { lines.append("  no request was sent") }
        for action in decision.actions {
            let outcome = action.outcome ?? "no response yet"
            let attempts = action.attempt > 1 ? " in \(action.attempt) attempts" : ""
            lines += page.wrapped(
                "\(action.action) sent at \(action.sentAt.toSecond)\(attempts): \(outcome)", indent: 2, hanging: 2)
        }
        return lines
    }
}
