package import Gateway
import Guard
package import Ledger
import Model
import Reporting

extension StatusSource {
    /// The newest decisions of a campaign's page.
    private static let decisionsMax = 20

    /// Asks the loop that owns the guard, and the ledger, one question at a time each, as the control socket does.
    ///
    /// - Parameter ledger: the daemon's ledger; nil if it stores nothing.
    package init(control: ControlChannel, ledger: (any LedgerQueries)?) {
        let gate = QuestionGate(atOnceMax: 1)
        @Sendable func ask<Answer: Sendable>(_ question: @Sendable () async -> Answer?) async -> Answer? {
            await gate.ask(isWanted: { true }, question)
        }
        self.init(
            status: { await ask { await control.status() } },
            explanation: { id in await ask { await control.explain(id.text) }?.campaign },
            ledger: ledger.map { ledger in
                let records = RecordQuestions(LedgerQuestions(ledger), control, ask: gate)
                return Records(
                    history: { campaign, since in
                        await records.ask(CampaignHistory()) { ledger, workspaces throws(LedgerError) in
                            try await CampaignHistory(
                                campaign, since: since, decisionsMax: StatusSource.decisionsMax, ledger, workspaces)
                        } unstored: { history, fresh in
                            history.add(fresh)
                        }
                    },
                    decisions: { filter in
                        await records.ask([]) { ledger, workspaces throws(LedgerError) in
                            try await ledger.decisions(of: workspaces, filter)
                        } unstored: { decisions, fresh in
                            decisions = decisions.merged(with: fresh, limit: filter.limit)
                        }
                    })
            })
    }
}

/// Queries the ledger for the status page, and adds what is not stored yet.
private final class RecordQuestions: Sendable {
    typealias Read<Value> = @Sendable (any LedgerQueries, [WorkspaceName]) async throws(LedgerError) -> Value

    private let ledger: LedgerQuestions
    private let control: ControlChannel
    private let loop: QuestionGate
    /// One query at a time leaves the ledger's other thread to the control socket.
    private let queries = QuestionGate(atOnceMax: 1)

    init(_ ledger: LedgerQuestions, _ control: ControlChannel, ask loop: QuestionGate) {
        (self.ledger, self.control, self.loop) = (ledger, control, loop)
    }

    /// - Parameters:
    ///   - nothing: what is shown if the ledger does not respond.
    ///   - unstored: adds the same from the records that are only in memory.
    func ask<Value: Sendable>(
        _ nothing: Value, _ read: @escaping Read<Value>, unstored add: @Sendable (inout Value, Value) -> Void
    ) async -> Recorded<Value>? {
        let control = control
        guard let workspaces = await loop.ask(isWanted: { true }, { await control.workspaces() }),
            // Asked before the ledger, so that what is stored in between is in both rather than in neither.
            let storage = await loop.ask(isWanted: { true }, { await control.storage() })
        else { return nil }
        let ledger = ledger
        let found = await queries.ask(isWanted: { true }) { () -> Recorded<Value>? in
            do throws(LedgerQuestions.Failure) {
                return Recorded(
                    try await ledger.ask { ledger throws(LedgerError) in try await read(ledger, workspaces) })
            } catch {
                let reason = storage.text(error)
                return Recorded(nothing, incomplete: "what is only in the ledger is missing here: \(reason)")
            }
        }
        guard var recorded = found, !storage.unstored.isEmpty else { return found }
        let memory = InMemoryStorage(unstored: storage.unstored, at: storage.at).queries
        if let fresh = try? await read(memory, workspaces) { add(&recorded.value, fresh) }
        return recorded
    }
}

extension CampaignHistory {
    fileprivate init(
        _ campaign: CampaignID, since: Instant, decisionsMax: Int, _ ledger: any LedgerQueries,
        _ workspaces: [WorkspaceName]
    ) async throws(LedgerError) {
        var filter = HistoryFilter(limit: HistoryQuery.limitMax)
        (filter.campaign, filter.since) = (campaign.text, since)
        self.init()
        events = try await ledger.history(of: workspaces, filter)
        for workspace in workspaces {
            samples += try await ledger.samples(of: campaign, workspace.text, since: since)
        }
        decisions = try await ledger.decisions(
            of: workspaces, DecisionFilter(campaign: campaign, limit: decisionsMax))
    }

    /// Adds records that are not stored yet; an event that was stored in between is in both.
    fileprivate mutating func add(_ fresh: CampaignHistory) {
        events += fresh.events.filter { event in
            !events.suffix(fresh.events.count + 1).contains {
                $0.at == event.at && $0.event == event.event && $0.message == event.message
            }
        }
        decisions = decisions.merged(with: fresh.decisions, limit: max(decisions.count, fresh.decisions.count))
    }
}

extension [DecisionRecord] {
    /// These and newer ones, whose actions are newer too.
    fileprivate func merged(with fresh: [DecisionRecord], limit: Int) -> [DecisionRecord] {
        let ids = Set(fresh.map(\.id))
        return Array((fresh + filter { !ids.contains($0.id) }).sorted { $0.id > $1.id }.prefix(limit))
    }
}
