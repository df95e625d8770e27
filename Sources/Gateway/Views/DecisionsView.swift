import Ledger
import Model
import Pages
import Reporting

/// The decisions of all campaigns and pools, newest first, in pages.
struct DecisionsView: PageView {
    var status: GuardStatus
    var filter: DecisionFilter
    /// One more than the page shows if there is another page; nil without a ledger.
    var found: Recorded<[DecisionRecord]>?

    var tab: Layout.Tab? { .decisions }
    var title: String { filter.campaign.map { "Decisions on \($0)" } ?? "Decisions" }
    var isLive: Bool { filter.before == nil }

    var headline: String {
        guard let newest = shown.first else { return "No decision." }
        return
            "\(filter.before == nil ? "The newest" : "The first shown") is decision \(newest.id) on \(newest.subject)."
    }

    private var shown: [DecisionRecord] { Array((found?.value ?? []).prefix(filter.limit)) }

    var sections: [Html] {
        guard let found else {
            return [
                Layout.section("decisions", "All decisions") {
                    Html("p") { "This daemon stores nothing, so it has no decisions to show; see the journal." }
                }
            ]
        }
        return [
            Layout.section("decisions", filter.before.map { "Before decision \($0)" } ?? "Newest decisions") {
                Layout.incomplete(found.incomplete)
                DecisionTable(decisions: shown, caption: "Every decision with its evidence, newest first.").html
                pager(hasMore: found.value.count > shown.count)
            }
        ]
    }

    private func pager(hasMore: Bool) -> Html {
        func link(_ before: Int?, _ text: String) -> Html {
            let query: [(name: StaticString, value: String?)] = [
                ("campaign", filter.campaign?.text), ("before", before.map(String.init)),
            ]
            return Html("a", .href(SitePath("/decisions", query: query))) { text }
        }
        guard hasMore || filter.before != nil else { return .nothing }
        return Html("nav", .class("pager"), .set("aria-label", "More decisions")) {
            if filter.before != nil { link(nil, "Newest") }
            if hasMore, let last = shown.last { link(last.id, "Older") }
        }
    }
}

/// Decisions with their evidence and the requests that followed.
struct DecisionTable {
    var decisions: [DecisionRecord]
    var caption: String

    var html: Html {
        guard !decisions.isEmpty else { return Html("p") { "No decision was made." } }
        return DataTable(
            caption,
            [
                .init(name: "No."), .init(name: "Time"), .init(name: "Campaign or pool"), .init(name: "Reason"),
                .init(name: "Evidence"), .init(name: "Requests"),
            ], rows: decisions.map(row)
        ).html
    }

    private func row(_ decision: DecisionRecord) -> DataTable.Row {
        let subject: Html =
            decision.campaign.map { id in Html("a", .href(Layout.link(id))) { id.text } } ?? .text(decision.subject)
        let requests = decision.actions.map { action in
            let attempts = action.attempt > 1 ? " in \(action.attempt) attempts" : ""
            return "\(action.action)\(attempts): \(action.outcome ?? "no response yet")"
        }
        return DataTable.Row(cells: [
            .text("\(decision.id)"), Layout.time(decision.at), subject, .text(decision.reason),
            .group([
                decision.condition.map { condition in Html("code") { condition } } ?? .nothing,
                decision.evidence.isEmpty
                    ? .nothing : Html("ul") { for sentence in decision.evidence { Html("li") { sentence } } },
            ]),
            requests.isEmpty ? .text("none") : Html("ul") { for request in requests { Html("li") { request } } },
        ])
    }
}
