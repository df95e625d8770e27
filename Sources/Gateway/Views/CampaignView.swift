import Guard
import Ledger
import Model
import Pages
import Reporting

/// One campaign: its state, the reasons, the evidence of its rules, its chart and its decisions.
struct CampaignView: PageView {
    /// The window of the chart for a campaign without a rule on its rate.
    private static let defaultWindow: Duration = .seconds(86400)
    /// Events of the period that the page lists.
    private static let eventsMax = 50

    var status: GuardStatus
    var campaign: GuardStatus.CampaignStatus
    var explanation: Explanation
    /// Nil without a ledger.
    var history: Recorded<CampaignHistory>?
    /// The start of the chart.
    var from: Instant

    static func window(_ campaign: GuardStatus.CampaignStatus) -> Duration {
        campaign.rateWindow.flatMap { Duration(policyText: $0) } ?? defaultWindow
    }

    var title: String { campaign.name ?? campaign.id.text }
    var tab: Layout.Tab? { nil }
    var isLive: Bool { true }

    var headline: String {
        let fresh = campaign.isMissing ? ", not found on the platform" : campaign.isStale ? ", no fresh stats" : ""
        return "\(campaign.id) is \(campaign.state.rawValue)\(fresh)."
    }

    var sections: [Html] {
        var sections = [facts]
        if let pause = explanation.pause { sections.append(reason(pause)) }
        if let launch = explanation.launch, launch.state != "closed" { sections.append(self.launch(launch)) }
        if !explanation.next.isEmpty {
            sections.append(Layout.section("next", "What happens next") { list(explanation.next) })
        }
        let against =
            (explanation.resumeObstacles ?? [])
            + (explanation.resumeWarnings ?? []).map { "warning (does not block): \($0)" }
        if !against.isEmpty {
            sections.append(Layout.section("obstacles", "What blocks a resume") { list(against) })
        }
        return sections + [chart, rules, decisions, events]
    }

    private func list(_ clauses: [String]) -> Html { Html("ul") { for clause in clauses { Html("li") { clause } } } }

    // MARK: State

    private var facts: Html {
        let stats = campaign.stats
        func count(_ value: Int?) -> String { value.map(String.init) ?? "unknown" }
        var facts: [(String, String)] = [
            ("State", campaign.state.rawValue), ("Enrolled", count(stats?.totalEnrolled)), ("Sent", count(stats?.sent)),
            ("Delivered", count(stats?.delivered)), ("Bounced", bounced),
            ("Stats from", campaign.statsAge.map { (status.at - .seconds($0)).toSecond } ?? "no stats yet"),
        ]
        if let pool = campaign.pool { facts.append(("Pool", pool.text)) }
        facts += explanation.labels.sorted { $0.key < $1.key }.map { ("Label \($0.key)", $0.value) }
        return Layout.section("facts", "State") {
            Html("dl", .class("facts")) {
                for (name, value) in facts {
                    Html("div") {
                        Html("dt") { name }
                        Html("dd") { value }
                    }
                }
            }
            let remarks = campaign.remarks(at: status.at)
            if !remarks.isEmpty { list(remarks) }
        }
    }

    private var bounced: String {
        guard let bounced = campaign.stats?.bounced else { return "unknown" }
        guard let resolved = campaign.stats?.resolved, let rate = Ratio(bounced, of: resolved) else {
            return "\(bounced)"
        }
        return "\(bounced) (\(rate) of \(resolved) resolved)"
    }

    private func reason(_ pause: Explanation.PausePart) -> Html {
        Layout.section("reason", "Reason for the pause") {
            Html("p") {
                "Since "
                Layout.time(pause.at)
                ": \(pause.why)" + (pause.decision.map { ", decision \($0)" } ?? "")
            }
            if let condition = pause.condition { Html("p") { Html("code") { condition } } }
            if !pause.evidence.isEmpty { list(pause.evidence) }
        }
    }

    private func launch(_ launch: Explanation.LaunchPart) -> Html {
        Layout.section("launch", "Launch: \(launch.state)") {
            if let since = launch.heldSince, launch.state == "held" {
                Html("p") {
                    "Held since "
                    Layout.time(since)
                }
            }
            list(launch.reasons)
        }
    }

    // MARK: Chart

    private var chart: Html {
        let heading = "Bounce rate of the last day"
        guard let history else {
            return Layout.section("chart", heading) {
                Html("p") { "This daemon stores nothing, so there is no chart." }
            }
        }
        let recorded = history.value
        let start = max(from, min(recorded.samples.first?.at ?? from, status.at - .seconds(60)))
        let series = CampaignSeries(
            campaign.id, campaign.name, recorded.samples, recorded.events.filter { $0.at >= start },
            CampaignView.window(campaign), limit: campaign.rateLimit, rule: nil, from: start, until: status.at)
        return Layout.section("chart", heading) {
            Layout.incomplete(history.incomplete)
            if series.rates.isEmpty && series.marks.isEmpty {
                Html("p") { "No email was resolved in this period." }
            } else {
                Html("figure") {
                    Chart(from: start, until: status.at).svg(series, number: 0)
                    Html("figcaption") {
                        series.rates.isEmpty
                            ? "Too few samples are stored for the line of the bounce rate; the dashed line is its limit."
                            : "The line is the bounce rate within \(series.window.policyText); the dashed line is its limit."
                    }
                }
                Chart.legend
            }
        }
    }

    // MARK: Rules

    private var rules: Html {
        Layout.section("rules", "Rules") {
            if explanation.rules.isEmpty { Html("p") { "No rule applies to this campaign." } }
            for rule in explanation.rules { RuleCard(rule: rule, now: explanation.at).html }
        }
    }

    // MARK: History

    private var decisions: Html {
        Layout.section("decisions", "Decisions") {
            if let history {
                DecisionTable(decisions: history.value.decisions, caption: "The newest decisions on this campaign.")
                    .html
                Html("p") {
                    Html("a", .href(SitePath("/decisions", query: [("campaign", campaign.id.text)]))) {
                        "All decisions on this campaign"
                    }
                }
            } else {
                Html("p") { "This daemon stores nothing; see the journal." }
            }
        }
    }

    private var events: Html {
        let recent = (history?.value.events ?? []).filter { $0.at >= from }.suffix(CampaignView.eventsMax).reversed()
        guard !recent.isEmpty else { return .nothing }
        return Layout.section("events", "Events of the last day") {
            Html("ol", .class("story"), .flag("reversed")) {
                for event in recent {
                    Html("li") {
                        Layout.time(event.at)
                        " \(event.message)" + (event.isStored ? "" : " (not stored yet)")
                    }
                }
            }
        }
    }
}
