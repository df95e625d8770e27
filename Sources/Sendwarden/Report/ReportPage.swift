import Ledger
import Model
import Pages

/// A report as one self-contained HTML file.
struct ReportPage {
    var data: ReportData
    var madeAt: Instant

    func html() -> String {
        let chart = Chart(from: data.from, until: data.until)
        let period = "\(data.from.toSecond) to \(data.until.toSecond)"
        var body = """
            <header><h1>Sendwarden: \(MarkupText.escaped(data.workspace))</h1>
            <p>\(period), \((data.until - data.from).spokenText). Created at \(madeAt.toSecond) by version \(Version.current).</p></header>
            <main>
            \(summary())
            \(Chart.legend.markup)

            """
        body += "<section><h2>Campaigns</h2>\n"
        for (number, campaign) in data.campaigns.enumerated() { body += section(campaign, number, chart) }
        if data.campaigns.isEmpty { body += "<p>No campaign has samples in this period.</p>\n" }
        if data.quiet > 0 {
            body += "<p>And \(data.quiet) more with fewer events; use <code>--limit</code> to show them.</p>\n"
        }
        body += "</section>\n"
        if !data.launches.isEmpty { body += "<section><h2>Launches</h2>\n\(launches())</section>\n" }
        if !data.pools.isEmpty {
            body += "<section><h2>Pools</h2>\n"
            for (number, pool) in data.pools.enumerated() {
                body +=
                    "<article><h3>\(MarkupText.escaped(pool.id.text))</h3><p>\(Chart.key("available").markup) volume left in its window, \(Chart.key("reserved").markup) of which reserved for launches.</p>"
                    + "<figure>\(chart.svg(pool: pool.id, pool.samples, number: number).markup)</figure>\(story(pool.story))</article>\n"
            }
            body += "</section>\n"
        }
        body += "<section><h2>Decisions</h2>\n\(decisions())</section>\n</main>\n"
        return """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
            <title>Sendwarden: \(MarkupText.escaped(data.workspace)), \(period)</title>
            <style>\(ReportPage.style)</style></head>
            <body>
            \(body)</body></html>

            """
    }

    private func summary() -> String {
        let paused = data.campaigns.flatMap(\.marks).count { $0.kind == .paused }
        let would = data.campaigns.flatMap(\.marks).count { $0.kind == .wouldPause }
        var tiles: [(String, Int)] = [
            ("campaigns", data.campaigns.count + data.quiet), ("pauses", paused),
            ("resumes", data.counts[.campaignResumed] ?? 0), ("overrides", data.counts[.campaignOverride] ?? 0),
            ("launches held", data.counts[.launchHeld] ?? 0), ("launches released", data.counts[.launchReleased] ?? 0),
            ("orders", data.counts[.orderAccepted] ?? 0),
        ]
        let removed = data.counts[.senderRemoved] ?? 0
        let restored = data.counts[.senderRestored] ?? 0
        if removed + restored > 0 { tiles += [("senders removed", removed), ("senders restored", restored)] }
        if would > 0 { tiles.insert(("would-be pauses (observe mode)", would), at: 2) }
        return "<dl class=\"tiles\">" + tiles.map { "<div><dt>\($0.0)</dt><dd>\($0.1)</dd></div>" }.joined() + "</dl>"
    }

    private func section(_ campaign: CampaignSeries, _ number: Int, _ chart: Chart) -> String {
        let name = campaign.name.map { " <span>\(MarkupText.escaped($0))</span>" } ?? ""
        let rate = Ratio(campaign.bounced, of: campaign.resolved).map { " (\($0))" } ?? ""
        let rule = campaign.rule.map { ", rule \(MarkupText.escaped($0))" } ?? ""
        var html = """
            <article><h3>\(MarkupText.escaped(campaign.id.text))\(name)</h3>
            <p>\(sent(campaign)), \(campaign.bounced) of \(campaign.resolved) resolved emails bounced\(rate) in this period. The line is the bounce rate within \(campaign.window.policyText)\(rule).</p>

            """
        html +=
            campaign.rates.isEmpty && campaign.marks.isEmpty
            ? "<p class=\"empty\">No email was resolved in this period.</p>"
            : "<figure>\(chart.svg(campaign, number: number).markup)</figure>"
        return html + story(campaign.marks.map { ($0.at, $0.text) }) + "</article>\n"
    }

    /// The total agrees with `status`; emails sent before the first sample are only in the total.
    private func sent(_ campaign: CampaignSeries) -> String {
        guard let total = campaign.sentInTotal, total != campaign.sent else { return "\(campaign.sent) sent" }
        return "\(total) sent, \(campaign.sent) of them in this period"
    }

    private func launches() -> String {
        data.launches.map { launch in
            let name = launch.name.map { " <span>\(MarkupText.escaped($0))</span>" } ?? ""
            return "<article><h3>\(MarkupText.escaped(launch.id.text))\(name)</h3>\(story(launch.story))</article>\n"
        }.joined()
    }

    private func story(_ entries: [HistoryEntry]) -> String { story(entries.map { ($0.at, $0.message) }) }

    private func story(_ entries: [(at: Instant, text: String)]) -> String {
        if entries.isEmpty { return "" }
        let items = entries.map { "<li><time>\($0.at.toSecond)</time> \(MarkupText.escaped($0.text))</li>" }
        return "<ol class=\"story\">\(items.joined())</ol>"
    }

    private func decisions() -> String {
        guard !data.decisions.isEmpty else { return "<p>No decision was made in this period.</p>\n" }
        var rows = ""
        for decision in data.decisions {
            let decided = decision.decided
            let name = decision.name.map { "<br>\(MarkupText.escaped($0))" } ?? ""
            let evidence = decided.evidence.map { "<li>\(MarkupText.escaped($0))</li>" }.joined()
            let condition = decided.condition.map { "<code>\(MarkupText.escaped($0))</code>" } ?? ""
            let actions = decided.actions.map { action in
                let attempts = action.attempt > 1 ? " in \(action.attempt) attempts" : ""
                return MarkupText.escaped("\(action.action)\(attempts): \(action.outcome ?? "no response")")
            }.joined(separator: "<br>")
            rows += """
                <tr><th scope="row">\(decided.id)</th><td><time>\(decided.at.toSecond)</time></td>\
                <td>\(MarkupText.escaped(decided.subject))\(name)</td><td>\(MarkupText.escaped(decided.reason))</td>\
                <td>\(condition)<ul>\(evidence)</ul></td><td>\(actions.isEmpty ? "none" : actions)</td></tr>

                """
        }
        return """
            <div class="scroll" tabindex="0" role="region" aria-label="Decisions"><table>
            <caption>Every decision of this period with its evidence.</caption>
            <thead><tr><th scope="col">No.</th><th scope="col">Time</th><th scope="col">Campaign or pool</th><th scope="col">Reason</th><th scope="col">Evidence</th><th scope="col">Requests</th></tr></thead>
            <tbody>
            \(rows)</tbody></table></div>

            """
    }

    private static let style = "\(PageStyle.palette)\(PageStyle.common)\(PageStyle.charts)\(ownStyle)"

    private static let ownStyle = """
        article{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.8rem 1rem;margin:.8rem 0;break-inside:avoid}
        article p{margin:.2rem 0 .6rem;color:var(--soft)}
        .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(7.5rem,1fr));gap:.6rem;margin:0}
        .tiles div{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.5rem .8rem}
        .tiles dt{color:var(--soft);font-size:.85rem}.tiles dd{margin:0;font-size:1.4rem;font-weight:600}
        .story{margin:.6rem 0 0;padding-left:1.2rem;font-size:.9rem}
        time{font-variant-numeric:tabular-nums;color:var(--soft)}.scroll{overflow-x:auto}
        table{border-collapse:collapse;width:100%;font-size:.88rem}caption{text-align:left;color:var(--soft);padding:.3rem 0}
        th,td{text-align:left;vertical-align:top;padding:.4rem .6rem;border-bottom:1px solid var(--line)}td ul{margin:.2rem 0;padding-left:1.1rem}
        code{font:.92em ui-monospace,monospace;overflow-wrap:anywhere}
        @media(max-width:40rem){body{padding:.8rem}thead{display:none}table,caption,tbody,tr,th,td{display:block;padding:.15rem 0;border:0}\
        tr{border-bottom:1px solid var(--line);padding:.6rem 0}}
        @media print{:root{--back:#fff;--card:#fff;--text:#000;--soft:#333}body{max-width:none;padding:0}.scroll{overflow:visible}}
        """
}
