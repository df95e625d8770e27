import FoundationEssentials
import Model

/// The documented Twilio API over its world: each request returns one answer.
struct TwilioAPI {
    typealias Request = SimulatedRequest
    typealias Answer = SimulatedAPI.Answer

    private static let pageSizeMax = 1000
    private static let addedMax = 10_000
    private static let nameMax = 256

    var world: TwilioWorld

    /// - Parameter fault: a fault of operations or page tokens; all others are handled before.
    mutating func answer(_ request: Request, _ fault: FaultRule.Kind?, at now: Instant) -> Answer {
        guard let key = request.basic, world.description.keys.contains(key) else {
            return TwilioAPI.error(401, 20003, "Authenticate")
        }
        guard !request.hasEmptySegment else { return TwilioAPI.error(400, 20001, "an id in the path is empty") }
        guard let route = request.route else { return TwilioAPI.error(404, 20404, "Not found") }
        guard request.isSupported else {
            var answer = TwilioAPI.error(405, 20004, "Method not allowed")
            answer.headers = [("Allow", route.methods.joined(separator: ", "))]
            return answer
        }
        do throws(Refusal) {
            switch route {
            case .senderPools:
                return request.method == "GET" ? try list(request, fault) : try create(request, fault, now)
            case .senderPool: return try pool(request, try id(request, "pool", "senderpool"), fault, now)
            case .poolSenders:
                let id = try id(request, "pool", "senderpool")
                return request.method == "GET" ? try members(request, id, fault) : try add(request, id, fault, now)
            case .poolSender:
                let sender = try id(request, "sender", "sender")
                return try remove(sender, from: try id(request, "pool", "senderpool"), fault, now)
            case .poolOperations: return try operations(request, fault)
            case .poolOperation:
                guard let operation = world.operation(try id(request, "operation", "operation")) else {
                    throw .notFound
                }
                return TwilioAPI.success(TwilioAPI.shape(operation))
            case .pools, .accounts, .replies, .suppressionList, .campaigns, .stats, .start, .pause, .leads,
                .recordedRequests, .world, .faults:
                preconditionFailure("\(route) is not a route of this API")
            }
        } catch {
            return TwilioAPI.error(error.status, error.code, error.message)
        }
    }

    /// The id in a parameter of the path.
    private func id(_ request: Request, _ parameter: String, _ kind: String) throws(Refusal) -> String {
        try TwilioAPI.id(request.parameters[parameter] ?? "", kind)
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

    /// A token contains an offset into the list, so pages shift if the list changes.
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
        // A faulty platform: the token leads to the same page again.
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
            let body = try TwilioBody.pool(request.body, requiresName: false).orRefused("the body")
            change = .update(pool: id, name: body.name, tags: body.tags)
        }
        if world.isBusy(id) { throw .conflict }
        return accepted(world.begin(change, outcome: TwilioAPI.outcome(fault), at: now), resource: ("SenderPools", id))
    }

    private mutating func create(
        _ request: Request, _ fault: FaultRule.Kind?, _ now: Instant
    ) throws(Refusal) -> Answer {
        let body = try TwilioBody.pool(request.body, requiresName: true).orRefused("the body")
        let work = TwilioWorld.Work.create(
            pool: world.newPoolID(), name: body.name ?? "", tags: body.tags ?? [:], senders: body.senders ?? [])
        return accepted(world.begin(work, outcome: TwilioAPI.outcome(fault), at: now), resource: nil)
    }

    private mutating func add(
        _ request: Request, _ id: String, _ fault: FaultRule.Kind?, _ now: Instant
    ) throws(Refusal) -> Answer {
        let senders = try TwilioBody.senders(request.body, max: TwilioAPI.addedMax).orRefused("the body")
        _ = try existing(id)
        if world.isBusy(id) { throw .conflict }
        let work = TwilioWorld.Work.add(pool: id, senders: senders)
        return accepted(world.begin(work, outcome: TwilioAPI.outcome(fault), at: now), resource: nil)
    }

    private mutating func remove(
        _ sender: String, from id: String, _ fault: FaultRule.Kind?, _ now: Instant
    ) throws(Refusal) -> Answer {
        guard try existing(id).members.contains(sender) else { throw .notFound }
        if world.isBusy(id) { throw .conflict }
        let work = TwilioWorld.Work.remove(pool: id, sender: sender)
        return accepted(
            world.begin(work, outcome: TwilioAPI.outcome(fault), at: now),
            resource: ("SenderPools/\(id)/Senders", sender))
    }

    private static func outcome(_ fault: FaultRule.Kind?) -> TwilioWorld.Outcome {
        switch fault {
        case .operationFails: .fails
        case .operationCanceled: .canceled
        case .operationHangs: .never
        case .throttleSeconds, .throttleDate, .throttleBare, .error500, .error503, .slow, .stall, .cut, .lost, .html,
            .empty, .wrongTypes, .wrongShape, .huge, .unauthorized, .notFound, .tokenLoops, .truncatedList,
            .noClassification, .unknownClassification, nil:
            .done
        }
    }

    /// The response to a change of one resource names the resource, others name the operation; headers name both.
    private func accepted(_ operation: TwilioWorld.Operation, resource: (path: String, id: String)?) -> Answer {
        let location = "/v1/SenderPools/Operations/\(operation.id)"
        var answer: Answer
        if let resource {
            let resourceLocation = "/v1/\(resource.path)/\(resource.id)"
            answer = TwilioAPI.success(
                ["resourceId": .text(resource.id), "resourceLocation": .text(resourceLocation)], status: 202)
            answer.headers = [("resource-location", resourceLocation)]
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

    /// The true state, for tests; no client can request it.
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
    fileprivate func orRefused(_ what: String) throws(TwilioAPI.Refusal) -> Wrapped {
        guard let self else { throw .bad(what) }
        return self
    }
}
