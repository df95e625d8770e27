import FoundationEssentials
import Model

/// The documented APIs over a world: each request returns one answer.
///
/// It has no I/O; it only changes the world.
struct SimulatedAPI {
    /// How the answer is delivered.
    enum Delivery: Hashable {
        case whole
        case late(Duration)
        case stalls(Duration)
        case cut
        case lost
    }

    struct Answer {
        var status: Int
        var body: String
        var contentType = "application/json"
        var headers: [(String, String)] = []
        var delivery = Delivery.whole
    }

    /// A recorded request, for tests that run against the simulator.
    struct Record: Sendable {
        var at: Instant
        var method: String
        var path: String
        var status: Int
        var fault: FaultRule.Kind?

        var json: JSONValue {
            [
                "at": .text(at.rfc3339), "method": .text(method), "path": .text(path), "status": .integer(status),
                "fault": fault.map { .text($0.rawValue) } ?? .null,
            ]
        }
    }

    /// The most recorded requests; older ones are dropped.
    static let recordsMax = 100_000
    /// The largest request body accepted.
    static let bodyBytesMax = 1 << 20

    private(set) var world: World
    private(set) var records: [Record] = []
    private var requestCount = 0
    private var faults: FaultPlan
    private let served: ServedShapes

    init(_ world: World) {
        self.world = world
        faults = FaultPlan(world.description.faults)
        served = ServedShapes(shapes: world.description.shapes)
    }

    mutating func answer(_ request: SimulatedRequest, at now: Instant) -> Answer {
        world.advance(to: now)
        if request.api == .simulator { return control(request) }
        requestCount += 1
        let fault = faults.next(
            request.endpoint, request.campaign, after: world.now - world.startedAt,
            draw: world.chance.value(.fault, stream: 0, number: requestCount))
        let answer = fault.map { faulty($0, request, now) } ?? regular(request, now)
        if records.count == SimulatedAPI.recordsMax { records.removeFirst(SimulatedAPI.recordsMax / 10) }
        records.append(
            Record(at: now, method: request.method, path: request.path, status: answer.status, fault: fault?.kind))
        return answer
    }

    // MARK: Faults

    private mutating func faulty(_ rule: FaultRule, _ request: SimulatedRequest, _ now: Instant) -> Answer {
        let isTwilio = request.api == .twilio
        func refusal(_ status: Int, _ code: String, _ headers: [(String, String)] = []) -> Answer {
            let why = "a fault rule of the simulator applies"
            var answer = isTwilio ? TwilioAPI.error(status, 20000 + status, why) : error(status, code, why)
            answer.headers = headers
            return answer
        }
        func delivered(_ delivery: Delivery, _ answer: Answer) -> Answer {
            var answer = answer
            answer.delivery = delivery
            return answer
        }
        switch rule.kind {
        case .throttleSeconds:
            return refusal(429, "rate_limited", [("Retry-After", String(Int(rule.wait.seconds.rounded(.up))))])
        case .throttleDate:
            return refusal(429, "rate_limited", [("Retry-After", (now + rule.wait).httpDate)])
        case .throttleBare: return refusal(429, "rate_limited")
        case .error500: return refusal(500, "internal_error")
        case .error503: return refusal(503, "unavailable")
        case .unauthorized: return refusal(401, "authentication_failed")
        case .notFound: return refusal(404, "campaign_not_found")
        case .slow: return delivered(.late(rule.wait), regular(request, now))
        case .stall: return delivered(.stalls(rule.wait), regular(request, now))
        case .cut: return delivered(.cut, regular(request, now))
        case .lost: return delivered(.lost, regular(request, now))
        case .html: return Answer(status: 200, body: ServedShapes.page, contentType: "text/html")
        case .empty: return Answer(status: 200, body: "")
        case .wrongTypes:
            let body: JSONValue = [
                "campaignId": 7, "totalEnrolled": "many", "sent": ["a"], "delivered": .decimal(-1.5), "bounced": "9",
                "queued": .null, "data": "none", "status": 1,
            ]
            return Answer(status: 200, body: body.serialized)
        case .wrongShape: return Answer(status: 200, body: "[[[\"not\"],null],42]")
        case .truncatedList, .noClassification, .unknownClassification: return regular(request, now, rule.kind)
        case .operationFails, .operationCanceled, .operationHangs, .tokenLoops:
            return isTwilio ? twilio(request, rule.kind, now) : regular(request, now)
        case .huge:
            return Answer(status: 200, body: "[" + String(repeating: "0,", count: isTwilio ? 5 << 20 : 1 << 20) + "0]")
        }
    }

    private func error(_ status: Int, _ code: String, _ message: String) -> Answer {
        let (body, contentType) = served.error(code, message)
        return Answer(status: status, body: body, contentType: contentType)
    }

    private func success(_ value: JSONValue, status: Int = 200) -> Answer {
        Answer(status: status, body: value.serialized)
    }

    // MARK: Routes

    private mutating func twilio(_ request: SimulatedRequest, _ fault: FaultRule.Kind?, _ now: Instant) -> Answer {
        var api = TwilioAPI(world: world.twilio)
        defer { world.twilio = api.world }
        return api.answer(request, fault, at: now)
    }

    /// - Parameter quirk: what is wrong with a list of replies; nil if it is as documented.
    private mutating func regular(
        _ request: SimulatedRequest, _ now: Instant, _ quirk: FaultRule.Kind? = nil
    ) -> Answer {
        if request.api == .twilio { return twilio(request, nil, now) }
        guard request.token == world.description.key else {
            return error(401, "authentication_failed", "The API key is missing or invalid.")
        }
        guard let route = request.route else { return error(404, "not_found", "There is no such endpoint.") }
        guard request.isSupported else {
            var answer = error(405, "method_not_allowed", "The endpoint does not support this method.")
            answer.headers = [("Allow", route.methods.joined(separator: ", "))]
            return answer
        }
        switch route {
        case .pools: return success(served.pools(world))
        case .accounts: return success(served.accounts(world.accounts))
        case .replies: return replies(request, quirk)
        case .suppressionList: return suppress(request)
        case .campaigns: return create(request)
        case .stats, .start, .pause, .leads: return campaign(request, route, now)
        case .senderPools, .senderPool, .poolSenders, .poolSender, .poolOperations, .poolOperation, .recordedRequests,
            .world, .faults:
            preconditionFailure("\(route) is not a route of this API")
        }
    }

    private mutating func campaign(_ request: SimulatedRequest, _ route: Route, _ now: Instant) -> Answer {
        guard let id = request.campaign, let campaign = world.campaign(id) else {
            return error(404, "campaign_not_found", "There is no such campaign.")
        }
        switch route {
        case .start: return start(campaign, at: now)
        case .pause:
            world.pause(id, at: now)
            return success(served.paused(world.campaign(id) ?? campaign))
        case .leads: return enroll(request, id)
        case .pools, .accounts, .replies, .suppressionList, .campaigns, .stats, .senderPools, .senderPool, .poolSenders,
            .poolSender, .poolOperations, .poolOperation, .recordedRequests, .world, .faults:
            return success(served.stats(id, world.stats(of: id) ?? CampaignStats()))
        }
    }

    private mutating func start(_ campaign: SimulatedCampaign, at now: Instant) -> Answer {
        let id = campaign.description.id
        if campaign.description.steps == 0 {
            return error(400, "no_sequence_steps", "The campaign has no sequence steps.")
        }
        if campaign.enrolled == 0, world.description.shapes.noLeads == .refuse {
            return error(400, "no_leads_enrolled", "The campaign has no leads.")
        }
        world.start(id, at: now)
        return success(served.started(world.campaign(id) ?? campaign))
    }

    private mutating func create(_ request: SimulatedRequest) -> Answer {
        struct Body: Decodable {
            struct Step: Decodable {
                var subject: String
                var bodyHtml: String
                var delayDays: Int?
            }
            var name: String
            var sequenceSteps: [Step]?
        }
        guard let body: Body = decoded(request), !body.name.isEmpty,
            body.sequenceSteps?.allSatisfy({ (0...365).contains($0.delayDays ?? 0) }) ?? true
        else {
            return error(400, "invalid_request", "A campaign needs a name and valid steps.")
        }
        guard let id = world.create(name: body.name, steps: body.sequenceSteps?.count ?? 0),
            let campaign = world.campaign(id)
        else { return error(404, "workspace_not_found", "The workspace has no sender pool.") }
        return success(served.created(campaign), status: 201)
    }

    private mutating func enroll(_ request: SimulatedRequest, _ id: CampaignID) -> Answer {
        struct Body: Decodable {
            struct Lead: Decodable {
                var email: String?
            }
            var leads: [Lead]
        }
        guard let body: Body = decoded(request) else {
            return error(400, "invalid_request", "The body must contain a list of leads.")
        }
        let emails = body.leads.map { $0.email ?? "" }
        let bad = emails.indices.filter { !emails[$0].contains("@") }
        if !bad.isEmpty {
            let errors = bad.map { index -> JSONValue in
                ["index": .integer(index), "field": "email", "message": "is not an address"]
            }
            return success(["errors": .list(errors)], status: 422)
        }
        let outcome = world.enroll(emails, into: id)
        var fields: [(String, JSONValue)] = [
            ("enrolled", .integer(outcome.enrolled)), ("updated", .integer(outcome.updated)),
            ("total", .integer(world.campaign(id)?.enrolled ?? 0)),
        ]
        switch served.shapes.create {
        case .flat: break
        // The guide, which wraps the response, also reports suppressed addresses.
        case .wrapped: fields.append(("skipped", .integer(outcome.skipped)))
        }
        return success(.object(fields))
    }

    private mutating func suppress(_ request: SimulatedRequest) -> Answer {
        struct Body: Decodable {
            var emails: [String]
        }
        guard let body: Body = decoded(request) else {
            return error(400, "invalid_request", "The body must contain a list of emails.")
        }
        let new = world.suppress(body.emails)
        return success(
            served.suppressed(new: new, already: body.emails.count - new, total: world.suppressed.count))
    }

    private func replies(_ request: SimulatedRequest, _ quirk: FaultRule.Kind?) -> Answer {
        guard let text = request.query["campaignId"] else {
            return success(served.replies(world.replies, quirk))
        }
        guard let id = CampaignID(text), world.campaign(id) != nil else {
            return error(404, "campaign_not_found", "There is no such campaign.")
        }
        return success(served.replies(world.replies.filter { $0.campaign == id }, quirk))
    }

    private func decoded<Body: Decodable>(_ request: SimulatedRequest) -> Body? {
        try? JSONDecoder().decode(Body.self, from: Data(request.body))
    }

    // MARK: Control

    /// The simulator's own endpoints, for tests; they are not part of a simulated API.
    private mutating func control(_ request: SimulatedRequest) -> Answer {
        let help = "GET or DELETE /simulator/requests, GET /simulator/world, POST or DELETE /simulator/faults\n"
        guard let route = request.route, request.isSupported else {
            return Answer(status: 404, body: help, contentType: "text/plain")
        }
        switch (route, request.method) {
        case (.recordedRequests, "GET"): return success(.list(records.map(\.json)))
        case (.recordedRequests, _):
            records = []
            return success([])
        case (.faults, "POST"):
            do {
                faults.add(try JSONDecoder().decode(FaultReader.self, from: Data(request.body)).rule)
                return success(["added": 1])
            } catch {
                return Answer(status: 400, body: "\(error)\n", contentType: "text/plain")
            }
        case (.faults, _):
            faults.clear()
            return success([])
        case (.world, _): return success(truth)
        case (.pools, _), (.accounts, _), (.replies, _), (.suppressionList, _), (.campaigns, _), (.stats, _),
            (.start, _), (.pause, _), (.leads, _), (.senderPools, _), (.senderPool, _), (.poolSenders, _),
            (.poolSender, _), (.poolOperations, _), (.poolOperation, _):
            preconditionFailure("\(route) is not a route of the simulator itself")
        }
    }

    private var truth: JSONValue {
        let campaigns = world.campaigns.map { campaign -> JSONValue in
            [
                "id": .text(campaign.description.id.text), "status": .text(campaign.status.rawValue),
                "enrolled": .integer(campaign.enrolled), "sent": .integer(campaign.sent),
                "delivered": .integer(campaign.delivered), "bounced": .integer(campaign.bounced),
                "queued": .integer(campaign.queued), "inTransit": .integer(campaign.inTransit),
                "unsubscribed": .integer(world.unsubscribes(of: campaign.description.id)),
            ]
        }
        let pools = world.pools.map { pool -> JSONValue in
            ["id": .text(pool.description.id.text), "used": .integer(pool.used), "remaining": .integer(pool.remaining)]
        }
        return [
            "now": .text(world.now.rfc3339), "campaigns": .list(campaigns), "pools": .list(pools),
            "twilio": TwilioAPI(world: world.twilio).truth,
        ]
    }
}
