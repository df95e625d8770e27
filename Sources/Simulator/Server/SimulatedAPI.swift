import FoundationEssentials
import Model

/// The documented API over a world: one request in, one answer out.
///
/// Pure but for the world it changes.
struct SimulatedAPI {
    struct Request {
        var method: String
        var path: String
        var query: [String: String]
        /// The bearer token, if one was sent.
        var token: String?
        /// `user:password`, if they were sent.
        var basic: String?
        var body: [UInt8]
    }

    /// How the answer is carried.
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

    /// One request as it is kept for those who test against the simulator.
    struct Record: Sendable {
        var at: Instant
        var method: String
        var path: String
        var status: Int
        var fault: FaultRule.Kind?
    }

    /// Requests kept; older ones are forgotten.
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

    mutating func answer(_ request: Request, at now: Instant) -> Answer {
        world.advance(to: now)
        if request.path.hasPrefix("/simulator/") { return control(request) }
        requestCount += 1
        let isTwilio = TwilioAPI.isAsked(request)
        let (endpoint, campaign) =
            isTwilio ? (TwilioAPI.endpoint(request), nil) : SimulatedAPI.endpoint(request)
        let fault = endpoint.flatMap {
            faults.strike(
                $0, campaign, after: world.now - world.startedAt,
                draw: world.chance.value(.fault, stream: 0, number: requestCount))
        }
        let answer = fault.map { struck(by: $0, request, now) } ?? plain(request, now)
        if records.count == SimulatedAPI.recordsMax { records.removeFirst(SimulatedAPI.recordsMax / 10) }
        records.append(
            Record(at: now, method: request.method, path: request.path, status: answer.status, fault: fault?.kind))
        return answer
    }

    // MARK: Faults

    private mutating func struck(by rule: FaultRule, _ request: Request, _ now: Instant) -> Answer {
        let isTwilio = TwilioAPI.isAsked(request)
        func refusal(_ status: Int, _ code: String, _ headers: [(String, String)] = []) -> Answer {
            let why = "the simulator was asked to fail"
            var answer = isTwilio ? TwilioAPI.error(status, 20000 + status, why) : error(status, code, why)
            answer.headers = headers
            return answer
        }
        func carried(_ delivery: Delivery, _ answer: Answer) -> Answer {
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
        case .slow: return carried(.late(rule.wait), plain(request, now))
        case .stall: return carried(.stalls(rule.wait), plain(request, now))
        case .cut: return carried(.cut, plain(request, now))
        case .lost: return carried(.lost, plain(request, now))
        case .html: return Answer(status: 200, body: ServedShapes.page, contentType: "text/html")
        case .empty: return Answer(status: 200, body: "")
        case .wrongTypes:
            let body: JSONValue = [
                "campaignId": 7, "totalEnrolled": "many", "sent": ["a"], "delivered": .decimal(-1.5), "bounced": "9",
                "queued": .null, "data": "none", "status": 1,
            ]
            return Answer(status: 200, body: body.serialized)
        case .wrongShape: return Answer(status: 200, body: "[[[\"not\"],null],42]")
        case .operationFails, .operationCanceled, .operationHangs, .tokenLoops:
            return isTwilio ? twilio(request, rule.kind, now) : plain(request, now)
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

    private static func endpoint(_ request: Request) -> (FaultRule.Endpoint?, CampaignID?) {
        let parts = request.path.split(separator: "/").map(String.init)
        guard parts.count >= 2, parts[0] == "v1" else { return (.any, nil) }
        let campaign = parts.count > 2 ? CampaignID(parts[2]) : nil
        switch (request.method, parts[1], parts.count) {
        case ("GET", "sender-pools", 2): return (.pools, nil)
        case ("GET", "sender-accounts", 2): return (.accounts, nil)
        case ("GET", "replies", 2): return (.replies, nil)
        case ("POST", "suppression-list", 2): return (.suppression, nil)
        case ("POST", "campaigns", 2): return (.create, nil)
        case ("GET", "campaigns", 4) where parts[3] == "stats": return (.stats, campaign)
        case ("POST", "campaigns", 4) where parts[3] == "start": return (.start, campaign)
        case ("POST", "campaigns", 4) where parts[3] == "pause": return (.pause, campaign)
        case ("POST", "campaigns", 5) where parts[3] == "leads" && parts[4] == "bulk": return (.enroll, campaign)
        default: return (.any, campaign)
        }
    }

    private mutating func twilio(_ request: Request, _ fault: FaultRule.Kind?, _ now: Instant) -> Answer {
        var api = TwilioAPI(world: world.twilio)
        defer { world.twilio = api.world }
        return api.answer(request, fault, at: now)
    }

    private mutating func plain(_ request: Request, _ now: Instant) -> Answer {
        if TwilioAPI.isAsked(request) { return twilio(request, nil, now) }
        guard request.token == world.description.key else {
            return error(401, "authentication_failed", "The API key is missing or not valid.")
        }
        let (endpoint, id) = SimulatedAPI.endpoint(request)
        switch endpoint {
        case .pools: return success(served.pools(world))
        case .accounts: return success(served.accounts(world.accounts))
        case .replies: return replies(request)
        case .suppression: return suppress(request)
        case .create: return create(request)
        case .stats, .start, .pause, .enroll:
            guard let id, let campaign = world.campaign(id) else {
                return error(404, "campaign_not_found", "There is no such campaign.")
            }
            switch endpoint {
            case .start: return start(campaign, at: now)
            case .pause:
                world.pause(id, at: now)
                return success(served.paused(world.campaign(id) ?? campaign))
            case .enroll: return enroll(request, id)
            default: return success(served.stats(id, world.stats(of: id) ?? CampaignStats()))
            }
        case .any, .senderPools, .poolSenders, .poolOperations, .changeSenderPools, nil:
            return unserved(request)
        }
    }

    /// A path with another method, or none at all.
    private func unserved(_ request: Request) -> Answer {
        let allowed = ["GET", "POST"].filter { method in
            var other = request
            other.method = method
            return SimulatedAPI.endpoint(other).0 != .any
        }
        guard !allowed.isEmpty else { return error(404, "not_found", "There is no such endpoint.") }
        var answer = error(405, "method_not_allowed", "The endpoint has no such method.")
        answer.headers = [("Allow", allowed.joined(separator: ", "))]
        return answer
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

    private mutating func create(_ request: Request) -> Answer {
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
            return error(400, "invalid_request", "A campaign needs a name and well-formed steps.")
        }
        guard let id = world.create(name: body.name, steps: body.sequenceSteps?.count ?? 0),
            let campaign = world.campaign(id)
        else { return error(404, "workspace_not_found", "The workspace has no sender pool.") }
        return success(served.created(campaign), status: 201)
    }

    private mutating func enroll(_ request: Request, _ id: CampaignID) -> Answer {
        struct Body: Decodable {
            struct Lead: Decodable {
                var email: String?
            }
            var leads: [Lead]
        }
        guard let body: Body = decoded(request) else {
            return error(400, "invalid_request", "The body must hold a list of leads.")
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
        // The guide, which wraps, also tells of suppressed addresses.
        case .wrapped: fields.append(("skipped", .integer(outcome.skipped)))
        }
        return success(.object(fields))
    }

    private mutating func suppress(_ request: Request) -> Answer {
        struct Body: Decodable {
            var emails: [String]
        }
        guard let body: Body = decoded(request) else {
            return error(400, "invalid_request", "The body must hold a list of emails.")
        }
        let new = world.suppress(body.emails)
        return success(
            served.suppressed(new: new, already: body.emails.count - new, total: world.suppressed.count))
    }

    private func replies(_ request: Request) -> Answer {
        guard let text = request.query["campaignId"] else {
            return success(served.replies(world.replies))
        }
        guard let id = CampaignID(text), world.campaign(id) != nil else {
            return error(404, "campaign_not_found", "There is no such campaign.")
        }
        return success(served.replies(world.replies.filter { $0.campaign == id }))
    }

    private func decoded<Body: Decodable>(_ request: Request) -> Body? {
        try? JSONDecoder().decode(Body.self, from: Data(request.body))
    }

    // MARK: Control

    /// What those who test ask of the simulator itself; no part of the simulated API.
    private mutating func control(_ request: Request) -> Answer {
        switch (request.method, request.path) {
        case ("GET", "/simulator/requests"):
            return success(
                .list(
                    records.map {
                        [
                            "at": .text($0.at.rfc3339), "method": .text($0.method), "path": .text($0.path),
                            "status": .integer($0.status), "fault": $0.fault.map { .text($0.rawValue) } ?? .null,
                        ]
                    }))
        case ("DELETE", "/simulator/requests"):
            records = []
            return success([])
        case ("GET", "/simulator/world"):
            return success(truth)
        case ("POST", "/simulator/faults"):
            do {
                faults.add(try JSONDecoder().decode(FaultReader.self, from: Data(request.body)).rule)
                return success(["added": 1])
            } catch {
                return Answer(status: 400, body: "\(error)\n", contentType: "text/plain")
            }
        case ("DELETE", "/simulator/faults"):
            faults.clear()
            return success([])
        default:
            return Answer(
                status: 404,
                body: "GET or DELETE /simulator/requests, GET /simulator/world, POST or DELETE /simulator/faults\n",
                contentType: "text/plain")
        }
    }

    private var truth: JSONValue {
        let campaigns = world.campaigns.map { campaign -> JSONValue in
            [
                "id": .text(campaign.description.id.text), "status": .text(campaign.status.rawValue),
                "enrolled": .integer(campaign.enrolled), "sent": .integer(campaign.sent),
                "delivered": .integer(campaign.delivered), "bounced": .integer(campaign.bounced),
                "queued": .integer(campaign.queued), "inTransit": .integer(campaign.inTransit),
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
