import HTTPTypes
import Ledger
import Model
import Reporting

/// The pages, each rendered at most once a second for all viewers.
final class WebPages: Sendable {
    private static let renderEvery: Duration = .seconds(1)
    /// A chart of a day does not change visibly faster.
    private static let historyEvery: Duration = .seconds(10)
    /// The period of a campaign's chart.
    private static let chartPeriod: Duration = .seconds(86400)
    /// A page has about 100 KiB at most.
    private static let pagesMax = 32

    private struct HistoryKey: Hashable {
        var campaign: CampaignID
        var window: String?
    }

    private let source: StatusSource
    private let snapshots = Shared<String, GuardStatus?>(for: renderEvery, entriesMax: 1)
    private let pages = Shared<WebRoute, WebReply>(for: renderEvery, entriesMax: pagesMax)
    private let histories = Shared<HistoryKey, Recorded<CampaignHistory>?>(for: historyEvery, entriesMax: pagesMax)

    init(_ source: StatusSource) { self.source = source }

    /// The version of the guard's state; nil if the daemon is stopping.
    func version() async -> String? { await status()?.version }

    private func status() async -> GuardStatus? {
        let source = source
        return await snapshots.value("") { await source.status() }
    }

    /// The page of a route that has one.
    func reply(_ route: WebRoute) async -> WebReply {
        await pages.value(route) { [self] in await render(route) }
    }

    private static let stopping = WebReply.plain(.serviceUnavailable, "the daemon is stopping")
    static let missing = WebReply.plain(.notFound, "there is no such page")

    private func render(_ route: WebRoute) async -> WebReply {
        guard let status = await status() else { return WebPages.stopping }
        switch route {
        case .overview(let page):
            return .page(Layout(status).html(OverviewView(status: status, pageNumber: page, hasLedger: hasLedger)))
        case .campaign(let id):
            // Only known campaigns reach the guard and the ledger.
            guard let campaign = status.campaigns.first(where: { $0.id == id }) else {
                return .page(Layout(status).html(MissingView(what: "campaign \(id)")), .notFound)
            }
            guard let explanation = await source.explanation(id) else { return WebPages.stopping }
            let history = await history(campaign, at: status.at)
            return .page(
                Layout(status).html(
                    CampaignView(
                        status: status, campaign: campaign, explanation: explanation, history: history,
                        from: status.at - WebPages.chartPeriod)))
        case .decisions(let filter):
            guard let ledger = source.ledger else {
                return .page(Layout(status).html(DecisionsView(status: status, filter: filter, found: nil)))
            }
            // One more shows whether there is another page.
            var wanted = filter
            wanted.limit += 1
            guard let found = await ledger.decisions(wanted) else { return WebPages.stopping }
            return .page(Layout(status).html(DecisionsView(status: status, filter: filter, found: found)))
        case .events, .login, .style, .script: return WebPages.missing
        }
    }

    private var hasLedger: Bool { source.ledger != nil }

    /// What the ledger has for the campaign's page; nil without a ledger.
    private func history(_ campaign: GuardStatus.CampaignStatus, at now: Instant) async -> Recorded<CampaignHistory>? {
        guard let ledger = source.ledger else { return nil }
        let since = now - WebPages.chartPeriod - CampaignView.window(campaign)
        let key = HistoryKey(campaign: campaign.id, window: campaign.rateWindow)
        return await histories.value(key) { await ledger.history(campaign.id, since) }
    }
}
