import Ledger
import Model

/// A report as one self-contained HTML file.
struct ReportPage {
    var data: ReportData
    var madeAt: Instant

    func html() -> String {
        let chart = ReportChart(from: data.from, until: data.until)
        let period = "\(data.from.toSecond) to \(data.until.toSecond)"
        var body = """
            <header><h1>Sendwarden: \(MarkupText.escaped(data.workspace))</h1>
            <p>\(period), \((data.until - data.from).spokenText). Created at \(madeAt.toSecond) by version \(Version.current).</p></header>
            <main>
            \(summary())
            \(legend())

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
                    "<article><h3>\(MarkupText.escaped(pool.id.text))</h3><p>\(key("available")) volume left in its window, \(key("reserved")) of which reserved for launches.</p>"
                    + "<figure>\(chart.svg(pool, number: number))</figure>\(story(pool.story))</article>\n"
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

    private func legend() -> String {
        let entries: [(String, String, String)] = [
            ("mark paused", "M3 2h3v12h-3zM9 2h3v12h-3z", "paused by Sendwarden"),
            ("mark resumed", "M3 2l10 6l-10 6z", "resumed, started"),
            ("mark override", "M8 1l6 7l-6 7l-6 -7z", "override"),
            ("mark relapsed", "M3 3l10 10m0 -10l-10 10", "relapse"),
            ("mark probationPassed", "M2 8l4 5l8 -10", "probation passed"),
            ("mark order", "M3 14l5 -11l5 11z", "order"),
            ("mark wouldPause", "M3 2h9v12h-9z", "would pause"), ("paused", "M1 2h14v12h-14z", "while paused"),
            ("probation", "M1 2h14v12h-14z", "on probation"),
        ]
        return "<ul class=\"legend\" aria-label=\"Legend\">"
            + entries.map {
                "<li><svg class=\"key\" viewBox=\"0 0 16 16\" aria-hidden=\"true\"><path class=\"\($0.0)\" d=\"\($0.1)\"/></svg> \($0.2)</li>"
            }.joined() + "</ul>"
    }

    /// A small square in a chart's color.
    private func key(_ style: String) -> String {
        "<svg class=\"key\" viewBox=\"0 0 16 16\" aria-hidden=\"true\"><path class=\"\(style)\" d=\"M1 2h14v12h-14z\"/></svg>"
    }

    private func section(_ campaign: ReportData.Campaign, _ number: Int, _ chart: ReportChart) -> String {
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
            : "<figure>\(chart.svg(campaign, number: number))</figure>"
        return html + story(campaign.marks.map { ($0.at, $0.text) }) + "</article>\n"
    }

    /// The total agrees with `status`; emails sent before the first sample are only in the total.
    private func sent(_ campaign: ReportData.Campaign) -> String {
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

    private static let style = """
        :root{--text:#1c2024;--soft:#5b636b;--back:#fff;--card:#f6f7f9;--line:#d5dae0;--rate:#1f5fbf;--limit:#b3261e;\
        --paused:#f3c9c5;--probation:#f5e3b3;--good:#1c7a3f;--bad:#b3261e;--odd:#9a5b00;--avail:#a9c7ef;--reserved:#1f5fbf}
        @media(prefers-color-scheme:dark){:root{--text:#e8eaed;--soft:#a6afb8;--back:#14171a;--card:#1d2125;--line:#3a4148;\
        --rate:#82b1ff;--limit:#ff8a80;--paused:#5a2a27;--probation:#564619;--good:#7ddb9b;--bad:#ff8a80;--odd:#ffc266;\
        --avail:#2b4a75;--reserved:#82b1ff}}
        *{box-sizing:border-box}body{margin:0;padding:1.2rem;max-width:62rem;margin-inline:auto;color:var(--text);\
        background:var(--back);font:16px/1.5 system-ui,sans-serif}
        h1{font-size:1.5rem;margin:.2rem 0}h2{font-size:1.2rem;margin:2rem 0 .6rem;border-bottom:1px solid var(--line)}
        h3{font-size:1rem;margin:0}h3 span{font-weight:400;color:var(--soft)}header p{color:var(--soft);margin:.2rem 0 1rem}
        article{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.8rem 1rem;margin:.8rem 0;break-inside:avoid}
        article p{margin:.2rem 0 .6rem;color:var(--soft)}figure{margin:0}figure svg{width:100%;height:auto;display:block}
        svg text{font:12px system-ui,sans-serif;fill:var(--soft)}.grid{stroke:var(--line);stroke-width:1}
        .rate{fill:none;stroke:var(--rate);stroke-width:2;stroke-linejoin:round}.limit{stroke:var(--limit);stroke-width:1.5;stroke-dasharray:6 4}
        svg .limit-label{fill:var(--limit)}rect.paused,path.paused:not(.mark){fill:var(--paused)}rect.probation,path.probation{fill:var(--probation)}
        .mark{stroke-width:1.8;stroke:var(--back);paint-order:stroke}.mark.paused{fill:var(--bad)}.mark.resumed,.mark.started{fill:var(--good)}
        .mark.override{fill:var(--odd)}.mark.order{fill:var(--text)}.mark.wouldPause{fill:none;stroke:var(--bad)}
        .mark.probationPassed{fill:none;stroke:var(--good)}.mark.relapsed{fill:none;stroke:var(--bad)}
        .available{fill:var(--avail)}.reserved{fill:var(--reserved)}
        .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(7.5rem,1fr));gap:.6rem;margin:0}
        .tiles div{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.5rem .8rem}
        .tiles dt{color:var(--soft);font-size:.85rem}.tiles dd{margin:0;font-size:1.4rem;font-weight:600}
        .legend{list-style:none;display:flex;flex-wrap:wrap;gap:.3rem 1rem;padding:0;color:var(--soft);font-size:.85rem}
        .key{width:1rem;height:1rem;vertical-align:-.15rem}.story{margin:.6rem 0 0;padding-left:1.2rem;font-size:.9rem}
        time{font-variant-numeric:tabular-nums;color:var(--soft)}.scroll{overflow-x:auto}
        table{border-collapse:collapse;width:100%;font-size:.88rem}caption{text-align:left;color:var(--soft);padding:.3rem 0}
        th,td{text-align:left;vertical-align:top;padding:.4rem .6rem;border-bottom:1px solid var(--line)}td ul{margin:.2rem 0;padding-left:1.1rem}
        code{font:.92em ui-monospace,monospace;overflow-wrap:anywhere}
        @media(max-width:40rem){body{padding:.8rem}svg text{font-size:28px}svg .minor{display:none}thead{display:none}table,caption,tbody,tr,th,td{display:block;padding:.15rem 0;border:0}\
        tr{border-bottom:1px solid var(--line);padding:.6rem 0}}
        @media print{:root{--back:#fff;--card:#fff;--text:#000;--soft:#333}body{max-width:none;padding:0}.scroll{overflow:visible}}
        """
}
