import Model

/// The figures of a backtest as text: the policies side by side, then their rules and campaigns.
struct BacktestScreen {
    var page: Page
    /// The campaigns shown of each policy.
    var limit: Int

    func text(_ report: BacktestReport) -> String {
        let days = (report.until ?? Instant(milliseconds: 0)) - (report.from ?? Instant(milliseconds: 0))
        var lines = page.wrapped(
            "\(report.samples) samples of \(report.campaigns) campaign\(report.campaigns == 1 ? "" : "s"), "
                + "\(report.from?.toSecond ?? "") to \(report.until?.toSecond ?? ""), \(days.spokenText)")
        lines += [""] + comparison(report)
        for figures in report.policies { lines += [""] + rules(figures) + [""] + campaigns(figures, report) }
        return lines.joined(separator: "\n")
    }

    private func comparison(_ report: BacktestReport) -> [String] {
        func row(_ name: String, _ value: (BacktestReport.Figures) -> String) -> [String] {
            [name] + report.policies.map(value)
        }
        var rows = [
            row("") { $0.policy }, row("campaigns paused") { "\($0.campaignsPaused)" },
            row("pauses") { "\($0.pauses)" },
        ]
        if report.policies.contains(where: { $0.falsePauses != nil }) {
            rows.append(row("false pauses (good lists)") { $0.falsePauses.map(String.init) ?? "" })
            rows.append(row("bad lists never paused") { $0.missed.map(String.init) ?? "" })
            rows.append(
                row("median time to pause a bad list") {
                    $0.medianSecondsToPause.map { Duration.seconds($0).spokenText } ?? "–"
                })
        }
        rows.append(row("bounces not avoided") { "\($0.bouncesNotAvoided)" })
        rows.append(row("bounces avoided") { "\($0.bouncesAvoided)" })
        rows.append(row("other emails not sent") { "\($0.otherEmailsNotSent)" })
        return page.table(rows, isRight: [false] + report.policies.map { _ in true }, firstMax: 40)
    }

    private func rules(_ figures: BacktestReport.Figures) -> [String] {
        var rows = [["rule of \(figures.policy)", "action", "campaigns", "firings", "first"]]
        for rule in figures.rules {
            rows.append(
                rule.isEvaluated
                    ? [rule.rule, rule.action, "\(rule.campaigns)", "\(rule.firings)", rule.first?.toSecond ?? "never"]
                    : [rule.rule, rule.action, "", "", "not evaluated"])
        }
        return page.table(rows, isRight: [false, false, true, true, false])
    }

    private func campaigns(_ figures: BacktestReport.Figures, _ report: BacktestReport) -> [String] {
        let paused = figures.courses.filter { !$0.pauses.isEmpty }.sorted {
            ($1.avoidedBounced, $0.campaign) < ($0.avoidedBounced, $1.campaign)
        }
        guard !paused.isEmpty else { return ["\(figures.policy) would have paused nothing."] }
        let hasLabels = figures.falsePauses != nil
        var rows = [
            ["paused by \(figures.policy)"] + (hasLabels ? ["list"] : []) + [
                "first", "bounced", "pauses", "avoided", "rule",
            ]
        ]
        for course in paused.prefix(limit) {
            guard let first = course.pauses.first else { continue }
            rows.append(
                [course.campaign] + (hasLabels ? [course.label ?? ""] : []) + [
                    "\(first.at.date) \(first.at.clockTime)",
                    "\(first.bounced.map(String.init) ?? "?") of \(first.resolved.map(String.init) ?? "?")",
                    "\(course.pauses.count)", "\(course.avoidedBounced) of \(course.avoidedSent)", first.rule,
                ])
        }
        var lines = page.table(
            rows, isRight: [false] + (hasLabels ? [false] : []) + [false, true, true, true, false])
        if paused.count > limit {
            lines.append("and \(paused.count - limit) more; use --limit to show more, or --json for all")
        }
        return lines
    }
}
