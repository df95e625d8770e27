import FoundationEssentials
import Model

/// The documented Twilio API over its world: one request in, one answer out.
struct TwilioAPI {
    typealias Request = SimulatedAPI.Request
    typealias Answer = SimulatedAPI.Answer

    private static let pageSizeMax = 1000
    private static let addedMax = 10_000
    private static let nameMax = 256

    var world: TwilioWorld

    static func isAsked(_ request: Request) -> Bool {
        request.path == "/v1/SenderPools" || request.path.hasPrefix("/v1/SenderPools/")
    }

    // MARK: Routes

    private enum Route {
        case pools
        case pool(String)
        case senders(String)
        case sender(String, String)
        case operations
        case operation(String)

        init?(_ path: String) {
            let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst(3).map(String.init)
            switch parts.count {
            case 0: self = .pools
            case 1 where parts[0] == "Operations": self = .operations
            case 1: self = .pool(parts[0])
            case 2 where parts[0] == "Operations": self = .operation(parts[1])
            case 2 where parts[1] == "Senders": self = .senders(parts[0])
            case 3 where parts[1] == "Senders": self = .sender(parts[0], parts[2])
            default: return nil
            }
        }

        var methods: [String] {
            switch self {
            case .pools, .senders: ["GET", "POST"]
            case .pool: ["GET", "PATCH", "DELETE"]
            case .sender: ["DELETE"]
            case .operations, .operation: ["GET"]
            }
        }
    }

    static func endpoint(_ request: Request) -> FaultRule.Endpoint {
        if request.method != "GET" { return .changeSenderPools }
        switch Route(request.path) {
        case .pools, .pool, nil: return .senderPools
        case .senders, .sender: return .poolSenders
        case .operations, .operation: return .poolOperations
        }
    }

    /// - Parameter fault: one that changes how an operation ends, or how a list goes on; others were served before.
    mutating func answer(_ request: Request, _ fault: FaultRule.Kind?, at now: Instant) -> Answer {
        guard let key = request.basic, world.description.keys.contains(key) else {
            return TwilioAPI.error(401, 20003, "Authenticate")
        }
        guard let route = Route(request.path) else { return TwilioAPI.error(404, 20404, "Not found") }
        guard route.methods.contains(request.method) else {
            var answer = TwilioAPI.error(405, 20004, "Method not allowed")
            answer.headers = [("Allow", route.methods.joined(separator: ", "))]
            return answer
        }
        do throws(Refusal) {
            switch route {
            case .pools: return request.method == "GET" ? try list(request, fault) : try create(request, fault, now)
            case .pool(let id): return try pool(request, try TwilioAPI.id(id, "senderpool"), fault, now)
            case .senders(let id):
                let id = try TwilioAPI.id(id, "senderpool")
                return request.method == "GET" ? try members(request, id, fault) : try add(request, id, fault, now)
            case .sender(let pool, let sender):
                return try remove(
                    try TwilioAPI.id(sender, "sender"), from: try TwilioAPI.id(pool, "senderpool"), fault, now)
            case .operations: return try operations(request, fault)
            case .operation(let id):
                guard let operation = world.operation(try TwilioAPI.id(id, "operation")) else {
                    throw .notFound
                }
                return TwilioAPI.success(TwilioAPI.shape(operation))
            }
        } catch {
            return TwilioAPI.error(error.status, error.code, error.message)
        }
    }

    // MARK: Refusals

    fileprivate struct Refusal: Error {
        var status: Int
        var code: Int
        var message: String

        static let notFound = Refusal(status: 404, code: 20404, message: "The requested resource was not found")
        static let conflict = Refusal(
            status: 409, code: 20409, message: "Another operation is changing this SenderPool")

        static func bad(_ what: String) -> Refusal {
            Refusal(status: 400, code: 20001, message: "\(what) is not valid")
        }
    }

    static func error(_ status: Int, _ code: Int, _ message: String) -> Answer {
        let body: JSONValue = [
            "errors": [
                [
                    "code": .integer(code), "message": .text(message),
                    "infoUrl": .text("https://www.twilio.com/docs/errors/\(code)"), "context": .object([]),
                ]
            ]
        ]
        return Answer(status: status, body: body.serialized)
    }

    private static func success(_ value: JSONValue, status: Int = 200) -> Answer {
        Answer(status: status, body: value.serialized)
    }

    private static func id(_ text: String, _ kind: String) throws(Refusal) -> String {
        guard TwilioIDs.isOne(text, of: kind) else { throw .bad("the \(kind) id") }
        return text
    }

    // MARK: Lists

    private struct Query {
        var after: Instant?
        var before: Instant?
        var offset = 0
        var size = 50
    }

    private func query(_ request: Request, _ known: Set<String>) throws(Refusal) -> Query {
        if let unknown = request.query.keys.sorted().first(where: { !known.contains($0) }) {
            throw .bad("query parameter \(unknown)")
        }
        var query = Query()
        if let text = request.query["startDate"] { query.after = try TwilioAPI.date(text, "startDate") }
        if let text = request.query["endDate"] { query.before = try TwilioAPI.date(text, "endDate") }
        if let text = request.query["pageSize"] {
            let isNumber =
                !text.isEmpty && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard isNumber, let size = Int(text), (1...TwilioAPI.pageSizeMax).contains(size) else {
                throw .bad("pageSize")
            }
            query.size = size
        }
        if let token = request.query["pageToken"] { query.offset = try TwilioAPI.offset(token) }
        return query
    }

    private static func date(_ text: String, _ name: String) throws(Refusal) -> Instant {
        guard let instant = Instant(rfc3339: text) else { throw .bad(name) }
        return instant
    }

    /// Tokens tell a place in the list, so that a list that changes meanwhile shifts.
    private static func token(_ offset: Int) -> String { Data("{\"offset\":\(offset)}".utf8).base64EncodedString() }

    private static func offset(_ token: String) throws(Refusal) -> Int {
        struct Token: Decodable { var offset: Int }
        guard let data = Data(base64Encoded: token), let token = try? JSONDecoder().decode(Token.self, from: data),
            token.offset >= 0
        else { throw .bad("pageToken") }
        return token.offset
    }

    private func page(
        _ name: String, _ all: [JSONValue], _ query: Query, _ fault: FaultRule.Kind?
    ) -> Answer {
        let end = min(all.count, query.offset.addingReportingOverflow(query.size).partialValue)
        let shown = query.offset < all.count ? Array(all[query.offset..<max(query.offset, end)]) : []
        var next: JSONValue = end < all.count && query.offset < all.count ? .text(TwilioAPI.token(end)) : .null
        // A platform that loses its way: the same page for ever.
        if fault == .tokenLoops { next = .text(TwilioAPI.token(query.offset)) }
        return TwilioAPI.success([
            name: .list(shown), "pagination": ["next": next, "self": .text(TwilioAPI.token(query.offset))],
        ])
    }

    private func isWithin(_ createdAt: Instant, _ query: Query) -> Bool {
        query.after.map { createdAt > $0 } ?? true && query.before.map { createdAt < $0 } ?? true
    }

    private func list(_ request: Request, _ fault: FaultRule.Kind?) throws(Refusal) -> Answer {
        let query = try query(request, ["startDate", "endDate", "operationId", "pageToken", "pageSize"])
        var pools = world.pools.filter { isWithin($0.createdAt, query) }
        if let operation = request.query["operationId"] {
            let id = try TwilioAPI.id(operation, "operation")
            let changed = world.operation(id)?.work.pool
            pools = pools.filter { $0.id == changed }
        }
        return page("senderPools", pools.map(TwilioAPI.shape), query, fault)
    }

    private func members(_ request: Request, _ id: String, _ fault: FaultRule.Kind?) throws(Refusal) -> Answer {
        let query = try query(request, ["channel", "status", "startDate", "endDate", "pageToken", "pageSize"])
        var senders = try existing(id).members.compactMap { world.senders[$0] }.filter { isWithin($0.createdAt, query) }
        if let text = request.query["channel"] {
            guard let channel = PoolSender.Channel(rawValue: text) else { throw .bad("channel") }
            senders = senders.filter { $0.channel == channel }
        }
        if let text = request.query["status"] {
            guard let status = PoolSender.Status(rawValue: text) else { throw .bad("status") }
            senders = senders.filter { $0.status == status }
        }
        return page("senders", senders.map(TwilioAPI.shape), query, fault)
    }

    private func operations(_ request: Request, _ fault: FaultRule.Kind?) throws(Refusal) -> Answer {
        let query = try query(request, ["startDate", "endDate", "pageToken", "pageSize"])
        let operations = world.operations.filter { isWithin($0.createdAt, query) }
        return page("operations", operations.map(TwilioAPI.shape), query, fault)
    }

    private func existing(_ id: String) throws(Refusal) -> TwilioWorld.Pool {
        guard let pool = world.pool(id) else { throw .notFound }
        return pool
    }

    // MARK: Changes

    private mutating func pool(
        _ request: Request, _ id: String, _ fault: FaultRule.Kind?, _ now: Instant
    ) throws(Refusal) -> Answer {
        let pool = try existing(id)
        if request.method == "GET" { return TwilioAPI.success(TwilioAPI.shape(pool)) }
        var change: TwilioWorld.Work = .delete(pool: id)
        if request.method == "PATCH" {
            let body = try TwilioBody.pool(request.body, requiresName: false).orBad("the body")
            change = .update(pool: id, name: body.name, tags: body.tags)
        }
        if world.isBusy(id) { throw .conflict }
        return accepted(world.begin(change, fate: TwilioAPI.fate(fault), at: now), resource: ("SenderPools", id))
    }

    private mutating func create(
        _ request: Request, _ fault: FaultRule.Kind?, _ now: Instant
    ) throws(Refusal) -> Answer {
        let body = try TwilioBody.pool(request.body, requiresName: true).orBad("the body")
        let work = TwilioWorld.Work.create(
            pool: world.newPoolID(), name: body.name ?? "", tags: body.tags ?? [:], senders: body.senders ?? [])
        return accepted(world.begin(work, fate: TwilioAPI.fate(fault), at: now), resource: nil)
    }

    private mutating func add(
        _ request: Request, _ id: String, _ fault: FaultRule.Kind?, _ now: Instant
    ) throws(Refusal) -> Answer {
        let senders = try TwilioBody.senders(request.body, max: TwilioAPI.addedMax).orBad("the body")
        _ = try existing(id)
        if world.isBusy(id) { throw .conflict }
        let work = TwilioWorld.Work.add(pool: id, senders: senders)
        return accepted(world.begin(work, fate: TwilioAPI.fate(fault), at: now), resource: nil)
    }

    private mutating func remove(
        _ sender: String, from id: String, _ fault: FaultRule.Kind?, _ now: Instant
    ) throws(Refusal) -> Answer {
        guard try existing(id).members.contains(sender) else { throw .notFound }
        if world.isBusy(id) { throw .conflict }
        let work = TwilioWorld.Work.remove(pool: id, sender: sender)
        return accepted(
            world.begin(work, fate: TwilioAPI.fate(fault), at: now), resource: ("SenderPools/\(id)/Senders", sender))
    }

    private static func fate(_ fault: FaultRule.Kind?) -> TwilioWorld.Fate {
        switch fault {
        case .operationFails: .fails
        case .operationCanceled: .canceled
        case .operationHangs: .never
        default: .done
        }
    }

    /// A change of one thing names that thing, any other its operation; the headers have both.
    private func accepted(_ operation: TwilioWorld.Operation, resource: (path: String, id: String)?) -> Answer {
        let location = "/v1/SenderPools/Operations/\(operation.id)"
        var answer: Answer
        if let resource {
            let place = "/v1/\(resource.path)/\(resource.id)"
            answer = TwilioAPI.success(
                ["resourceId": .text(resource.id), "resourceLocation": .text(place)], status: 202)
            answer.headers = [("resource-location", place)]
        } else {
            answer = TwilioAPI.success(
                ["operationId": .text(operation.id), "operationLocation": .text(location)], status: 202)
        }
        answer.headers += [("operation-id", operation.id), ("operation-location", location)]
        return answer
    }

    // MARK: Shapes

    private static func shape(_ tags: [String: String]) -> JSONValue {
        .object(tags.sorted { $0.key < $1.key }.map { ($0.key, .text($0.value)) })
    }

    private static func shape(_ pool: TwilioWorld.Pool) -> JSONValue {
        [
            "id": .text(pool.id), "name": .text(pool.name), "tags": shape(pool.tags),
            "createdAt": .text(pool.createdAt.rfc3339), "updatedAt": .text(pool.updatedAt.rfc3339),
        ]
    }

    private static func shape(_ sender: TwilioWorld.Sender) -> JSONValue {
        [
            "id": .text(sender.id), "displayName": sender.displayName.map { .text($0) } ?? .null,
            "address": .text(sender.address), "channel": .text(sender.channel.rawValue),
            "status": .text(sender.status.rawValue), "tags": shape(sender.tags),
            "createdAt": .text(sender.createdAt.rfc3339), "updatedAt": .text(sender.updatedAt.rfc3339),
        ]
    }

    private static func shape(_ operation: TwilioWorld.Operation) -> JSONValue {
        let total = operation.work.total
        let isOpen = operation.status == .processing
        return [
            "id": .text(operation.id), "status": .text(operation.status.rawValue),
            "stats": [
                "total": .integer(total), "queued": .integer(isOpen ? total : 0),
                "created": .integer(operation.status == .completed ? total - operation.failed : 0),
                "failed": .integer(operation.failed),
            ], "createdAt": .text(operation.createdAt.rfc3339), "updatedAt": .text(operation.updatedAt.rfc3339),
        ]
    }

    /// What those who test want to know, and no client can ask for.
    var truth: JSONValue {
        .list(
            world.pools.map {
                [
                    "id": .text($0.id), "name": .text($0.name),
                    "senders": .list($0.members.map { member in .text(member) }),
                ]
            })
    }
}

extension Optional {
    fileprivate func orBad(_ what: String) throws(TwilioAPI.Refusal) -> Wrapped {
        guard let self else { throw .bad(what) }
        return self
    }
}
