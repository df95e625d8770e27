import FoundationEssentials
package import Model
import NIOCore
import NIOHTTP1

/// The Leadterra API, v1: every documented shape in, the guard's own words out.
package struct LeadterraClient: CampaignPlatform, VolumePlatform, AccountPlatform {
    private let requests: RequestSender

    /// - Parameters:
    ///   - url: scheme, host and port, without a slash at the end.
    ///   - timeout: for one request, from its leaving to the last byte of its answer.
    ///   - random: a number within 0…1, new at each call.
    package init(
        connections: Connections, url: String, key: APIKey, gate: RequestGate, timeout: Duration, time: any TimeSource,
        random: @escaping @Sendable () -> Double
    ) {
        let dialect = RequestSender.Dialect(
            // Ten thousand pools fit.
            bodyBytesMax: 1 << 20, retries500: true,
            code: { (try? JSONDecoder().decode(ErrorWire.self, from: Data($0.readableBytesView)))?.code },
            meaning: { status, code in status == 404 && code == "workspace_not_found" ? .unauthorized : nil })
        requests = RequestSender(
            connections: connections, url: url, authorization: .bearer(key), gate: gate, timeout: timeout, time: time,
            random: random,
            dialect: dialect)
    }

    // MARK: Looks

    package func stats(of campaign: CampaignID) async throws(Fault) -> CampaignStats {
        let wire: StatsWire = try await requests.look("/v1/campaigns/\(campaign)/stats")
        guard wire.campaignID == nil || wire.campaignID == campaign.text else {
            throw Fault(.unexpected, "the answer is about another campaign")
        }
        guard wire.stats != CampaignStats() else { throw Fault(.unexpected, "the answer holds no documented field") }
        return try CounterAgreement.agreed(wire.stats)
    }

    package func pools() async throws(Fault) -> [SenderPool] {
        let wire: PoolsWire = try await requests.look("/v1/sender-pools")
        return wire.pools
    }

    package func accounts() async throws(Fault) -> [SenderAccount] {
        let wire: AccountsWire = try await requests.look("/v1/sender-accounts")
        return wire.accounts
    }

    // MARK: Actions

    package func pause(_ campaign: CampaignID, firstSentAt: Instant) async throws(Fault) -> ActionAnswer {
        try await act("pause", campaign, .pause, firstSentAt)
    }

    package func start(_ campaign: CampaignID, firstSentAt: Instant) async throws(Fault) -> ActionAnswer {
        try await act("start", campaign, .start, firstSentAt)
    }

    private func act(
        _ verb: String, _ campaign: CampaignID, _ priority: RequestPriority, _ firstSentAt: Instant
    ) async throws(Fault) -> ActionAnswer {
        let answer = try await requests.send(
            .init(method: .POST, path: "/v1/campaigns/\(campaign)/\(verb)", body: "{}", priority: priority))
        let wire: ActionWire = try requests.decode(answer.body)
        guard wire.id == nil || wire.id == campaign.text else {
            throw Fault(.unexpected, "the answer is about another campaign")
        }
        return ActionAnswer(
            status: CampaignStatus(wire.status), pausedAt: wire.pausedAt, startedAt: wire.startedAt,
            serverTimeAtRequest: ServerTime.atRequest(
                date: answer.date, firstSentAt: firstSentAt, now: requests.time.now))
    }
}
