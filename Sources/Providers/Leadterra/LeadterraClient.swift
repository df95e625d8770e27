import FoundationEssentials
package import Model
import NIOCore
import NIOHTTP1

/// The Leadterra API, v1; accepts every documented response format.
package struct LeadterraClient: CampaignPlatform, VolumePlatform, AccountPlatform {
    private let requests: RequestSender
    private let unsubscribes: Unsubscribes

    /// - Parameters:
    ///   - url: scheme, host and port, without a trailing slash.
    ///   - timeout: for one request, from sending it to the last byte of its response.
    ///   - random: returns a new random number in 0…1.
    package init(
        connections: Connections, url: String, key: APIKey, gate: RequestGate, timeout: Duration, time: any TimeSource,
        random: @escaping @Sendable () -> Double
    ) {
        let dialect = RequestSender.Dialect(
            // Enough for ten thousand pools.
            bodyBytesMax: 1 << 20, retries500: true,
            code: { (try? JSONDecoder().decode(ErrorWire.self, from: Data($0.readableBytesView)))?.code },
            meaning: { status, code in status == 404 && code == "workspace_not_found" ? .unauthorized : nil })
        requests = RequestSender(
            connections: connections, url: url, authorization: .bearer(key), gate: gate, timeout: timeout, time: time,
            random: random,
            dialect: dialect)
        unsubscribes = Unsubscribes(requests, timeout: timeout)
    }

    // MARK: Reads

    package func stats(
        of campaign: CampaignID, with extras: Set<ExtraCounter>
    ) async throws(Fault) -> CampaignStats {
        let wire: StatsWire = try await requests.fetch("/v1/campaigns/\(campaign)/stats")
        guard wire.campaignID == nil || wire.campaignID == campaign.text else {
            throw Fault(.unexpected, "response is for a different campaign")
        }
        guard wire.stats != CampaignStats() else { throw Fault(.unexpected, "response has no documented field") }
        let stats = try CounterAgreement.agreed(wire.stats)
        return extras.contains(.unsubscribed) ? await unsubscribes.added(to: stats, of: campaign) : stats
    }

    package func pools() async throws(Fault) -> [SenderPool] {
        let wire: PoolsWire = try await requests.fetch("/v1/sender-pools")
        return wire.pools
    }

    package func accounts() async throws(Fault) -> [SenderAccount] {
        let wire: AccountsWire = try await requests.fetch("/v1/sender-accounts")
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
        let response = try await requests.send(
            .init(method: .POST, path: "/v1/campaigns/\(campaign)/\(verb)", body: "{}", priority: priority))
        let wire: ActionWire = try requests.decode(response.body)
        guard wire.id == nil || wire.id == campaign.text else {
            throw Fault(.unexpected, "response is for a different campaign")
        }
        return ActionAnswer(
            status: CampaignStatus(wire.status), pausedAt: wire.pausedAt, startedAt: wire.startedAt,
            serverTimeAtRequest: ServerTime.atRequest(
                date: response.date, firstSentAt: firstSentAt, now: requests.time.now))
    }
}
