package import AsyncHTTPClient
import FoundationEssentials
package import Model
import NIOCore
import NIOHTTP1

/// The Leadterra API, v1: every documented shape in, the guard's own words out.
package struct LeadterraClient: SendingPlatform {
    /// Answers beyond this are not read: ten thousand pools fit.
    static let bodyBytesMax = 1 << 20
    /// How often a look is tried in all; a start or a pause is tried once, as its caller decides about the next time.
    private static let looksMax = 3
    /// After so many looks in a row without an answer, retries stop: they would only add to the trouble.
    private static let troubleMin = 3

    private let http: HTTPClient
    private let url: String
    private let key: APIKey
    private let gate: RequestGate
    private let timeout: Duration
    private let time: any TimeSource
    private let backoff: Backoff
    private let throttleBackoff: Backoff
    private let trouble = Trouble()

    /// - Parameters:
    ///   - url: scheme, host and port, without a slash at the end.
    ///   - timeout: for one request, from its leaving to the last byte of its answer.
    ///   - random: a number within 0…1, new at each call.
    package init(
        http: HTTPClient, url: String, key: APIKey, gate: RequestGate, timeout: Duration, time: any TimeSource,
        random: @escaping @Sendable () -> Double
    ) {
        self.http = http
        self.url = url
        self.key = key
        self.gate = gate
        self.timeout = timeout
        self.time = time
        backoff = Backoff(first: .milliseconds(250), longest: .seconds(5), random: random)
        throttleBackoff = Backoff(first: .seconds(5), longest: .seconds(60), random: { 0.5 + random() / 2 })
    }

    // MARK: Looks

    package func stats(of campaign: CampaignID) async throws(Fault) -> CampaignStats {
        let wire: StatsWire = try await look("/v1/campaigns/\(campaign)/stats")
        guard wire.campaignID == nil || wire.campaignID == campaign.text else {
            throw Fault(.unexpected, "the answer is about another campaign")
        }
        let stats = wire.stats
        if let sent = stats.sent, max(stats.bounced ?? 0, stats.delivered ?? 0) > sent {
            throw Fault(.unexpected, "more mails came back or arrived than were sent")
        }
        guard stats != CampaignStats() else { throw Fault(.unexpected, "the answer holds no documented field") }
        return stats
    }

    package func pools() async throws(Fault) -> [SenderPool] {
        let wire: PoolsWire = try await look("/v1/sender-pools")
        return wire.pools
    }

    package func accounts() async throws(Fault) -> [SenderAccount] {
        let wire: AccountsWire = try await look("/v1/sender-accounts")
        return wire.accounts
    }

    private func look<Wire: Decodable>(_ path: String) async throws(Fault) -> Wire {
        var failures = 0
        while true {
            do throws(Fault) {
                let answer = try await send(.GET, path, .poll)
                let wire: Wire = try decode(answer.body)
                trouble.end()
                return wire
            } catch {
                failures += 1
                guard error.kind == .unreachable else { throw error }
                let isLasting = trouble.add() >= LeadterraClient.troubleMin
                guard failures < LeadterraClient.looksMax, !isLasting, !Task.isCancelled else { throw error }
                do {
                    try await time.sleep(until: time.now + backoff.wait(after: failures))
                } catch _ {
                    throw error
                }
            }
        }
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
        let answer = try await send(.POST, "/v1/campaigns/\(campaign)/\(verb)", priority)
        let wire: ActionWire = try decode(answer.body)
        guard wire.id == nil || wire.id == campaign.text else {
            throw Fault(.unexpected, "the answer is about another campaign")
        }
        return ActionAnswer(
            status: CampaignStatus(wire.status), pausedAt: wire.pausedAt, startedAt: wire.startedAt,
            serverTimeAtRequest: answer.date.map { $0 - max(.zero, time.now - firstSentAt) })
    }

    // MARK: Requests

    private struct Answer {
        var body: ByteBuffer
        /// The server's clock, in whole seconds.
        var date: Instant?
    }

    private func send(_ method: HTTPMethod, _ path: String, _ priority: RequestPriority) async throws(Fault) -> Answer {
        try await gate.admit(priority)
        var request = HTTPClientRequest(url: url + path)
        request.method = method
        request.headers.add(name: "Authorization", value: key.bearer)
        request.headers.add(name: "Accept", value: "application/json")
        request.headers.add(name: "User-Agent", value: "sendwarden")
        if method == .POST {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(string: "{}"))
        }
        let (response, body) = try await exchange(request)
        let date = response.headers.first(name: "Date").flatMap { HTTPTime.instant($0) }
        guard (200..<300).contains(response.status.code) else {
            throw await refusal(response, body, date)
        }
        return Answer(body: body, date: date)
    }

    /// Sends the request and takes the whole answer in, both within the timeout: a body that trickles does not count.
    private func exchange(_ request: HTTPClientRequest) async throws(Fault) -> (HTTPClientResponse, ByteBuffer) {
        let (http, timeout) = (http, timeout)
        do {
            return try await withThrowingTaskGroup(of: (HTTPClientResponse, ByteBuffer)?.self) { group in
                group.addTask {
                    let response = try await http.execute(request, timeout: .milliseconds(timeout.milliseconds))
                    return (response, try await response.body.collect(upTo: LeadterraClient.bodyBytesMax))
                }
                group.addTask {
                    try await ContinuousClock().sleep(for: timeout)
                    return nil
                }
                defer { group.cancelAll() }
                guard let answer = try await group.next() ?? nil else { throw HTTPClientError.deadlineExceeded }
                return answer
            }
        } catch {
            throw TransportFault.fault(error)
        }
    }

    private func refusal(_ response: HTTPClientResponse, _ body: ByteBuffer, _ date: Instant?) async -> Fault {
        let status = Int(response.status.code)
        let code = (try? JSONDecoder().decode(ErrorWire.self, from: Data(body.readableBytesView)))?.code
        let summary = "HTTP \(status)" + (code.map { " \($0)" } ?? "")
        let named = response.headers.first(name: "Retry-After").flatMap {
            HTTPTime.wait(retryAfter: $0, date: date, now: time.now)
        }
        switch status {
        case 401, 403: return Fault(.unauthorized, summary, code: code)
        case 404 where code == "workspace_not_found": return Fault(.unauthorized, summary, code: code)
        case 404: return Fault(.missing, summary, code: code)
        case 429:
            let wait = min(named ?? throttleBackoff.wait(after: 1), RequestGate.closedMax)
            await gate.close(for: wait)
            return Fault(.throttled, summary, code: code, retryAfter: wait)
        case 503:
            guard let named else { return Fault(.unreachable, summary, code: code) }
            let wait = min(named, RequestGate.closedMax)
            await gate.close(for: wait)
            return Fault(.throttled, summary, code: code, retryAfter: wait)
        case 408, 500...599: return Fault(.unreachable, summary, code: code)
        case 400..<500: return Fault(.refused, summary, code: code)
        default: return Fault(.unexpected, summary, code: code)
        }
    }

    private func decode<Wire: Decodable>(_ body: ByteBuffer) throws(Fault) -> Wire {
        do {
            return try JSONDecoder().decode(Wire.self, from: Data(body.readableBytesView))
        } catch let error as DecodingError {
            throw Fault(.unexpected, LeadterraClient.summary(error, isEmpty: body.readableBytes == 0))
        } catch {
            throw Fault(.unexpected, "the answer is not JSON")
        }
    }

    /// What is wrong with an answer, by the documented field's name alone: the rest is the platform's text.
    private static func summary(_ error: DecodingError, isEmpty: Bool) -> String {
        let path: [any CodingKey]
        switch error {
        case .typeMismatch(_, let context), .valueNotFound(_, let context): path = context.codingPath
        case .keyNotFound(let key, let context): return "field \"\((context.codingPath + [key]).lastName)\" is missing"
        case .dataCorrupted(let context):
            if context.codingPath.isEmpty { return isEmpty ? "the answer is empty" : "the answer is not JSON" }
            path = context.codingPath
        @unknown default: return "the answer is not as documented"
        }
        return path.isEmpty ? "the answer is not as documented" : "field \"\(path.lastName)\" is not as documented"
    }
}

extension [any CodingKey] {
    fileprivate var lastName: String {
        last { $0.intValue == nil }?.stringValue ?? "?"
    }
}
