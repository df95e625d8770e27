import AsyncAlgorithms
package import Ledger
package import Model
package import Notifications
import Reporting

extension GuardLink {
    /// The most notifications that are read at the start; more than the outbox of all receivers usually holds.
    private static let storedMax = 20_000

    /// The link through the daemon's control channel and its ledger.
    package init(_ control: ControlChannel, ledger: (any LedgerQueries)?, time: any TimeSource) {
        self.init(
            report: { news in await control.requests.send(.notifier(news)) },
            state: { await control.snapshot().map { ($0.status, $0.policy) } },
            problems: { await control.health()?.polls },
            stored: {
                guard let ledger else { return [] }
                return try? await ledger.outbox(limit: GuardLink.storedMax)
            },
            past: {
                guard let ledger, let workspaces = await control.workspaces() else { return [] }
                var entries: [DayBook.Entry] = []
                for (kind, _) in DayBook.headings {
                    var filter = HistoryFilter(limit: DayBook.entriesMax)
                    (filter.event, filter.since) = (kind.rawValue, time.now - DayBook.period)
                    let found = (try? await ledger.history(of: workspaces, filter)) ?? []
                    entries += found.filter { $0.event == kind.rawValue }.map {
                        DayBook.Entry(at: $0.at, kind: kind, campaign: $0.campaign, message: $0.message)
                    }
                }
                return entries.sorted { $0.at < $1.at }
            })
    }
}
