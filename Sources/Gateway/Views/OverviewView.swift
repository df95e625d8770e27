import Guard
import Model
import Pages
import Reporting

/// The state of everything: campaigns by danger, launches, pools, the API and the ledger.
struct OverviewView: PageView {
    /// Campaigns of one page.
    static let campaignsPerPage = 100

    var status: GuardStatus
    var pageNumber: Int
    var hasLedger: Bool

    var title: String { "Overview" }
    var tab: Layout.Tab? { .overview }
    var headline: String { status.summary.prefix(1).uppercased() + status.summary.dropFirst() }
    var isLive: Bool { true }

    var sections: [Html] {
        [health, campaigns, launches, pools].filter { $0 != .nothing }
    }

    // MARK: Health

    private var health: Html {
        Layout.section("health", "Health") {
            Html("dl", .class("facts")) {
                for workspace in status.workspaces {
                    fact("API of \(workspace.name), \(workspace.provider)") {
                        if let trouble = workspace.apiTrouble {
                            Layout.badge(trouble, .bad)
                        } else {
                            Layout.badge("healthy", .good)
                        }
                    }
                }
                fact("Ledger") { ledger }
                fact("Mode") {
                    status.mode == "observe"
                        ? Layout.badge("observe: nothing is sent", .odd) : Layout.badge(status.mode, .plain)
                }
                fact("Requests per minute") {
                    let (polled, budget) = (status.polledPerMinute, status.budgetPerMinute)
                    "\(DecimalText.shortest(polled, decimals: 0)) of \(DecimalText.shortest(budget, decimals: 0))"
                }
            }
        }
    }

    private var ledger: Html {
        if status.isLedgerFailing {
            return Layout.badge("cannot be written: no campaign is started or resumed", .bad)
        }
        return hasLedger ? Layout.badge("written", .good) : Layout.badge("none: nothing is stored", .odd)
    }

    private func fact(_ name: String, @HtmlBuilder content: () -> Html) -> Html {
        Html("div") {
            Html("dt") { name }
            Html("dd") { content() }
        }
    }

    // MARK: Campaigns

    private var campaigns: Html {
        let sorted = Danger.sorted(status.campaigns)
        let first = (pageNumber - 1) * OverviewView.campaignsPerPage
        let shown = sorted.dropFirst(first).prefix(OverviewView.campaignsPerPage)
        let groups = Danger.allCases.compactMap { danger -> DataTable.Group? in
            let rows = shown.filter { $0.danger == danger }.map { row($0.campaign, danger) }
            guard !rows.isEmpty else { return nil }
            let count = sorted.count { $0.danger == danger }
            return DataTable.Group(heading: .text("\(danger.heading) (\(count))"), rows: rows)
        }
        return Layout.section("campaigns", "Campaigns") {
            if shown.isEmpty {
                Html("p") { sorted.isEmpty ? "The policy names no campaign." : "There are no campaigns on this page." }
            } else {
                DataTable(
                    "Campaigns \(first + 1) to \(first + shown.count) of \(sorted.count), the most urgent first.",
                    [
                        .init(name: "Campaign"), .init(name: "State"), .init(name: "Sent", isNumber: true),
                        .init(name: "Bounced", isNumber: true), .init(name: "Limit", isNumber: true),
                        .init(name: "Remarks"),
                    ], groups
                ).html
            }
            pager(hasMore: first + shown.count < sorted.count)
        }
    }

    private func row(_ campaign: GuardStatus.CampaignStatus, _ danger: Danger) -> DataTable.Row {
        let window = campaign.rateWindow.map { " in \($0)" } ?? ""
        let remarks = campaign.remarks(at: status.at)
        return DataTable.Row(cells: [
            .group([
                Html("a", .href(Layout.link(campaign.id))) { campaign.name ?? campaign.id.text },
                campaign.name == nil ? .nothing : Html("span", .class("id")) { campaign.id.text },
            ]),
            Layout.badge(campaign.state.rawValue, danger.tone),
            .text(campaign.stats?.sent.map(String.init) ?? "unknown"),
            .text(campaign.rate.map { Ratio($0).description + window } ?? "unknown"),
            .text(campaign.rateLimit.map { Ratio($0).description } ?? "none"),
            remarks.isEmpty
                ? .text("none") : Html("ul") { for remark in remarks { Html("li") { remark } } },
        ])
    }

    private func pager(hasMore: Bool) -> Html {
        func link(_ page: Int, _ text: String) -> Html {
            Html("a", .href(SitePath("/", query: [("page", "\(page)")]))) { text }
        }
        guard hasMore || pageNumber > 1 else { return .nothing }
        return Html("nav", .class("pager"), .set("aria-label", "More campaigns")) {
            if pageNumber > 1 { link(pageNumber - 1, "More urgent") }
            if hasMore { link(pageNumber + 1, "Less urgent") }
        }
    }

    // MARK: Launches

    private var launches: Html {
        let open = status.launches.filter(\.isOpen)
        guard !open.isEmpty else { return .nothing }
        let names = Dictionary(status.campaigns.map { ($0.id, $0.name) }, uniquingKeysWith: { first, _ in first })
        let rows = open.prefix(OverviewView.campaignsPerPage).map { launch in
            let why = launch.why(at: status.at)
            return DataTable.Row(cells: [
                Html("a", .href(Layout.link(launch.campaign))) {
                    (names[launch.campaign] ?? nil) ?? launch.campaign.text
                },
                Layout.badge(launch.state.rawValue, launch.state == .held ? .odd : .plain),
                launch.heldSince.map { Layout.time($0) } ?? .text("not held"),
                why.isEmpty ? .text("not evaluated yet") : Html("ul") { for clause in why { Html("li") { clause } } },
            ])
        }
        return Layout.section("launches", "Launches") {
            DataTable(
                "Launches that have not started: \(open.count).",
                [.init(name: "Campaign"), .init(name: "State"), .init(name: "Held since"), .init(name: "Why")],
                rows: rows
            ).html
        }
    }

    // MARK: Pools

    private var pools: Html {
        guard !status.pools.isEmpty else { return .nothing }
        let rows = status.pools.prefix(OverviewView.campaignsPerPage).map { pool in
            let remarks =
                (pool.isMissing ? ["not found on its platform"] : []) + [pool.change].compactMap(\.self)
                + pool.rules.remarks(at: status.at)
            return DataTable.Row(cells: [
                .group([
                    Html("span") { pool.name ?? pool.id.text },
                    pool.name == nil || pool.name == pool.id.text
                        ? .nothing : Html("span", .class("id")) { pool.id.text },
                ]),
                .group([PoolBar.html(pool), .text(PoolText.volume(pool))]),
                .text(PoolText.senders(pool) ?? "not reported"),
                .text(remarks.isEmpty ? "none" : remarks.joined(separator: "; ")),
            ])
        }
        return Layout.section("pools", "Sender pools") {
            DataTable(
                "The volume that is left in each pool.",
                [.init(name: "Pool"), .init(name: "Volume"), .init(name: "Senders"), .init(name: "Remarks")], rows: rows
            ).html
        }
    }
}

/// A pool's volume as a bar; the text beside it has the numbers.
enum PoolBar {
    private static let width = 200.0

    static func html(_ pool: GuardStatus.PoolStatus) -> Html {
        guard let capacity = pool.dailyCapacity, let remaining = pool.remainingVolume, capacity > 0 else {
            return .nothing
        }
        func length(_ value: Int) -> Double { width * min(1, max(0, Double(value) / Double(capacity))) }
        let (left, reserved) = (length(remaining), length(min(pool.reserved, max(0, remaining))))
        return Html("svg", .class("bar"), .set("viewBox", "0 0 200 10"), .set("aria-hidden", "true")) {
            rect("whole", 0, width)
            rect("available", 0, left)
            rect("reserved", left - reserved, reserved)
        }
    }

    private static func rect(_ style: String, _ x: Double, _ width: Double) -> Html {
        Html(
            "rect", .class(style), .set("x", DecimalText.shortest(max(0, x), decimals: 1)), .set("y", "0"),
            .set("width", DecimalText.shortest(width, decimals: 1)), .set("height", "10"))
    }
}
