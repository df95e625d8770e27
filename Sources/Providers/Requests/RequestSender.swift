import AsyncHTTPClient
import FoundationEssentials
import Model
import NIOCore
import NIOHTTP1

/// Sends one workspace's requests: at its gate's pace, within a timeout, with what is read bounded, and with every
/// failure put into the words of a ``Fault``.
struct RequestSender: Sendable {
    struct Request: Sendable {
        var method: HTTPMethod
        /// Path and query, already encoded.
        var path: String
        var body: String?
        var priority: RequestPriority

        /// What it is about: pages of a list are of one target.
        var target: String { String(path.prefix { $0 != "?" }) }
    }

    struct Answer: Sendable {
        var status: Int
        var headers: HTTPHeaders
        var body: ByteBuffer
        /// The server's clock, in whole seconds.
        var date: Instant?
    }

    /// What differs from platform to platform.
    struct Dialect: Sendable {
        /// Answers beyond this are not read.
        var bodyBytesMax: Int
        /// False where the platform says that a 500 is not to be tried again.
        var retries500: Bool
        /// The machine code in the body of an error.
        var code: @Sendable (ByteBuffer) -> String?
        /// What a refusal means where it means something else than its status says.
        var meaning: @Sendable (_ status: Int, _ code: String?) -> Fault.Kind? = { _, _ in nil }
    }

    /// How often a look is tried in all; what changes something is tried once, as its caller decides about the next time.
    private static let looksMax = 3
    /// After so many looks in a row without an answer, retries stop: they would only add to the trouble.
    private static let troubleMin = 3

    private let connections: Connections
    private let url: String
    private let authorization: AuthorizationValue
    private let gate: RequestGate
    private let timeout: Duration
    let time: any TimeSource
    private let dialect: Dialect
    private let backoff: Backoff
    private let throttleBackoff: Backoff
    private let trouble = Trouble()

    /// - Parameters:
    ///   - url: scheme, host and port, without a slash at the end.
    ///   - timeout: for one request, from its leaving to the last byte of its answer.
    ///   - random: a number within 0…1, new at each call.
    init(
        connections: Connections, url: String, authorization: AuthorizationValue, gate: RequestGate, timeout: Duration,
        time: any TimeSource, random: @escaping @Sendable () -> Double, dialect: Dialect
    ) {
        self.connections = connections
        self.url = url
        self.authorization = authorization
        self.gate = gate
        self.timeout = timeout
        self.time = time
        self.dialect = dialect
        backoff = Backoff(first: .milliseconds(250), longest: .seconds(5), random: random)
        throttleBackoff = Backoff(first: .seconds(5), longest: .seconds(60), random: { 0.5 + random() / 2 })
    }

    /// Asks, and asks again where no answer came.
    func look<Wire: Decodable>(_ path: String) async throws(Fault) -> Wire {
        var failures = 0
        while true {
            do throws(Fault) {
                let answer = try await send(Request(method: .GET, path: path, priority: .poll))
                let wire: Wire = try decode(answer.body)
                trouble.end()
                return wire
            } catch {
                failures += 1
                guard error.kind == .unreachable else { throw error }
                let isLasting = trouble.add() >= RequestSender.troubleMin
                guard failures < RequestSender.looksMax, !isLasting, error.isRepeatable, !Task.isCancelled else {
                    throw error
                }
                do {
                    try await time.sleep(until: time.now + backoff.wait(after: failures))
                } catch _ {
                    throw error
                }
            }
        }
    }

    /// Sends the request once.
    ///
    /// - Throws: a fault for every answer but 2xx.
    func send(_ asked: Request) async throws(Fault) -> Answer {
        var request = HTTPClientRequest(url: url + asked.path)
        request.method = asked.method
        request.headers.add(name: "Authorization", value: authorization.header)
        request.headers.add(name: "Accept", value: "application/json")
        request.headers.add(name: "User-Agent", value: "sendwarden")
        if let body = asked.body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(string: body))
        }
        // What acts has a connection of its own: none that lay idle may be lost under it, as then nobody would know
        // whether it took effect.
        if asked.priority != .poll { request.headers.add(name: "Connection", value: "close") }
        let (leftAt, response, body) = try await admitted(request, asked)
        let date = response.headers.first(name: "Date").flatMap { HTTPTime.instant($0) }
        guard (200..<300).contains(response.status.code) else {
            throw refusal(response, body, date)
        }
        Departure.current?.note(leftAt)
        return Answer(status: Int(response.status.code), headers: response.headers, body: body, date: date)
    }

    /// Waits for the gate, and exchanges: the timeout counts from there.
    private func admitted(
        _ request: HTTPClientRequest, _ asked: Request
    ) async throws(Fault) -> (leftAt: Instant, HTTPClientResponse, ByteBuffer) {
        let pass = try await gate.admit(asked.priority, target: asked.target)
        let (leftAt, start) = (time.now, ContinuousClock.now)
        defer { gate.leave(pass, took: start.duration(to: .now)) }
        let (response, body) = try await exchange(request, on: connections[asked.priority])
        return (leftAt, response, body)
    }

    /// Sends the request and takes the whole answer in, both within the timeout: a body that trickles does not count.
    private func exchange(
        _ request: HTTPClientRequest, on http: HTTPClient
    ) async throws(Fault) -> (HTTPClientResponse, ByteBuffer) {
        let (timeout, bytesMax) = (timeout, dialect.bodyBytesMax)
        do {
            return try await withThrowingTaskGroup(of: (HTTPClientResponse, ByteBuffer)?.self) { group in
                group.addTask {
                    let response = try await http.execute(request, timeout: .milliseconds(timeout.milliseconds))
                    return (response, try await response.body.collect(upTo: bytesMax))
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
            throw TransportFault.fault(error, bodyBytesMax: bytesMax)
        }
    }

    private func refusal(_ response: HTTPClientResponse, _ body: ByteBuffer, _ date: Instant?) -> Fault {
        let status = Int(response.status.code)
        let code = dialect.code(body)
        let summary = "HTTP \(status)" + (code.map { " \($0)" } ?? "")
        let named = response.headers.first(name: "Retry-After").flatMap {
            HTTPTime.wait(retryAfter: $0, date: date, now: time.now)
        }
        if let kind = dialect.meaning(status, code) { return Fault(kind, summary, code: code) }
        switch status {
        case 401, 403: return Fault(.unauthorized, summary, code: code)
        case 404: return Fault(.missing, summary, code: code)
        case 429:
            let wait = min(named ?? throttleBackoff.wait(after: 1), RequestLanes.closedMax)
            gate.close(for: wait)
            return Fault(.throttled, summary, code: code, retryAfter: wait)
        case 503:
            guard let named else { return Fault(.unreachable, summary, code: code) }
            let wait = min(named, RequestLanes.closedMax)
            gate.close(for: wait)
            return Fault(.throttled, summary, code: code, retryAfter: wait)
        case 500: return Fault(.unreachable, summary, code: code, isRepeatable: dialect.retries500)
        case 408, 501...599: return Fault(.unreachable, summary, code: code)
        case 400..<500: return Fault(.refused, summary, code: code)
        default: return Fault(.unexpected, summary, code: code)
        }
    }

    func decode<Wire: Decodable>(_ body: ByteBuffer) throws(Fault) -> Wire {
        do {
            return try JSONDecoder().decode(Wire.self, from: Data(body.readableBytesView))
        } catch let error as DecodingError {
            throw Fault(.unexpected, RequestSender.summary(error, isEmpty: body.readableBytes == 0))
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

/// A machine code is one short word; a sentence may hold anything and is not repeated in a log.
enum MachineCode {
    static func isOne(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.unicodeScalars.allSatisfy {
                $0.isASCII && ($0.properties.isAlphabetic || "_.-0123456789".unicodeScalars.contains($0))
            }
    }
}
