import Foundation
import FoundationNetworking
import Model
import Simulator
import TestSupport
import Testing

/// The served API over HTTP, with an independent client.
@Suite struct ServedAPITests {
    static let base = """
        pools: [{id: p, name: Pool, capacity: 500, used: 88}]
        campaigns: [{id: c, pool: p, leads: 3, rate: 0}]
        """

    private struct Answer {
        var status: Int
        var json: Any?
        var text: String
        var headers: [AnyHashable: Any]

        subscript(_ key: String) -> Any? { (json as? [String: Any])?[key] }
    }

    private func call(
        _ method: String, _ url: String, key: String? = "sk_test_simulator", body: String? = nil
    ) async throws -> Answer {
        var request = URLRequest(url: try #require(URL(string: url)))
        request.httpMethod = method
        if let key { request.setValue("Bearer \(key)", forHTTPHeaderField: "Authorization") }
        request.httpBody = body.map { Data($0.utf8) }
        let (data, response) = try await URLSession.shared.data(for: request)
        let http = try #require(response as? HTTPURLResponse)
        return Answer(
            status: http.statusCode, json: try? JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed),
            text: String(decoding: data, as: UTF8.self), headers: http.allHeaderFields)
    }

    @Test func aCampaignIsCreatedEnrolledStartedAndPaused() async throws {
        try await withSimulator(Self.base) { url, _ in
            let created = try await call(
                "POST", url + "/v1/campaigns",
                body: #"{"name":"New","sequenceSteps":[{"subject":"s","bodyHtml":"b","delayDays":0}]}"#)
            #expect(created.status == 201)
            #expect(created["status"] as? String == "draft")
            #expect(created["stepCount"] as? Int == 1)
            let id = try #require(created["id"] as? String)
            let leads = #"{"leads":[{"email":"a@x.example"},{"email":"b@x.example"},{"email":"a@x.example"}]}"#
            let enrolled = try await call("POST", url + "/v1/campaigns/\(id)/leads/bulk", body: leads)
            #expect(enrolled["enrolled"] as? Int == 2)
            #expect(enrolled["updated"] as? Int == 1)
            #expect(enrolled["total"] as? Int == 2)
            let started = try await call("POST", url + "/v1/campaigns/\(id)/start")
            #expect(started["status"] as? String == "running")
            let again = try await call("POST", url + "/v1/campaigns/\(id)/start")
            #expect(again["startedAt"] as? String == started["startedAt"] as? String)
            let paused = try await call("POST", url + "/v1/campaigns/\(id)/pause")
            #expect(paused["status"] as? String == "paused")
            let stats = try await call("GET", url + "/v1/campaigns/\(id)/stats")
            #expect(stats["campaignId"] as? String == id)
            #expect(stats["totalEnrolled"] as? Int == 2)
        }
    }

    @Test func wrappedFormatsAreServed() async throws {
        let shapes =
            "shapes: {create: wrapped, start: wrapped, pause: wrapped, suppression: wrapped, replies: replies}\n"
        try await withSimulator(shapes + Self.base) { url, _ in
            let created = try await call("POST", url + "/v1/campaigns", body: #"{"name":"New"}"#)
            #expect((created["campaign"] as? [String: Any])?["status"] as? String == "draft")
            let started = try await call("POST", url + "/v1/campaigns/c/start")
            let inner = try #require(started["campaign"] as? [String: Any])
            #expect(inner["leadsEnrolled"] as? Int == 3)
            #expect(inner["queuedMessages"] as? Int == 3)
            let suppressed = try await call("POST", url + "/v1/suppression-list", body: #"{"emails":["z@x.example"]}"#)
            #expect((suppressed["result"] as? [String: Any])?["suppressed"] as? Int == 1)
            let enrolled = try await call(
                "POST", url + "/v1/campaigns/c/leads/bulk", body: #"{"leads":[{"email":"z@x.example"}]}"#)
            #expect(enrolled["skipped"] as? Int == 1)
            #expect(try await call("GET", url + "/v1/replies?campaignId=c")["pagination"] != nil)
        }
    }

    @Test func everyDocumentedErrorIsServed() async throws {
        let world = Self.base.replacing(
            "rate: 0}]", with: "rate: 0}, {id: empty, pool: p}, {id: stepless, pool: p, leads: 1, steps: 0}]")
        try await withSimulator(world) { url, _ in
            func code(_ answer: Answer) -> String? { (answer["error"] as? [String: Any])?["code"] as? String }
            let unauthorized = try await call("GET", url + "/v1/sender-pools", key: nil)
            #expect(unauthorized.status == 401)
            #expect(code(unauthorized) == "authentication_failed")
            #expect(try await call("GET", url + "/v1/sender-pools", key: "sk_test_wrong").status == 401)
            let missing = try await call("GET", url + "/v1/campaigns/none/stats")
            #expect((missing.status, code(missing)) == (404, "campaign_not_found"))
            let empty = try await call("POST", url + "/v1/campaigns/empty/start")
            #expect((empty.status, code(empty)) == (400, "no_leads_enrolled"))
            let stepless = try await call("POST", url + "/v1/campaigns/stepless/start")
            #expect((stepless.status, code(stepless)) == (400, "no_sequence_steps"))
            let invalid = try await call("POST", url + "/v1/campaigns", body: "{")
            #expect((invalid.status, code(invalid)) == (400, "invalid_request"))
            let leads = try await call(
                "POST", url + "/v1/campaigns/c/leads/bulk", body: #"{"leads":[{"email":"none"}]}"#)
            #expect(leads.status == 422)
            #expect((leads["errors"] as? [Any])?.count == 1)
        }
    }

    struct Routed: Sendable, CustomTestStringConvertible {
        var method: String
        var path: String
        var status: Int
        var allow: String?
        var testDescription: String { "\(method) \(path)" }
    }

    static let routed = [
        Routed(method: "POST", path: "/v1/sender-pools", status: 405, allow: "GET"),
        Routed(method: "GET", path: "/v1/campaigns/c/pause", status: 405, allow: "POST"),
        Routed(method: "DELETE", path: "/v1/campaigns/c/leads/bulk", status: 405, allow: "POST"),
        Routed(method: "GET", path: "/v1/campaigns/c", status: 404), Routed(method: "GET", path: "/v1", status: 404),
        Routed(method: "GET", path: "/", status: 404), Routed(method: "PUT", path: "/v1/nothing", status: 404),
        Routed(method: "GET", path: "/simulator/nothing", status: 404),
        Routed(method: "GET", path: "/simulator/faults", status: 404),
        // Without Twilio's key; the paths of both APIs differ by case only.
        Routed(method: "GET", path: "/v1/SenderPools", status: 401),
        Routed(method: "GET", path: "/v1/SenderPools/a/b/c/d", status: 401),
    ]

    @Test(arguments: routed)
    func unknownPathsAndMethodsAreRefused(_ routed: Routed) async throws {
        try await withSimulator(Self.base) { url, _ in
            let answer = try await call(routed.method, url + routed.path)
            #expect(answer.status == routed.status)
            #expect(answer.headers["Allow"] as? String == routed.allow)
        }
    }

    @Test func aWorkspaceWithoutAPoolHasNoCampaigns() async throws {
        try await withSimulator("pools: []") { url, _ in
            let answer = try await call("POST", url + "/v1/campaigns", body: #"{"name":"New"}"#)
            #expect(answer.status == 404)
            #expect((answer["error"] as? [String: Any])?["code"] as? String == "workspace_not_found")
        }
    }

    @Test(arguments: ["array", "replies", "data"])
    func repliesHaveAClassification(_ shape: String) async throws {
        let world = """
            start: 2026-12-01T09:00:00Z
            shapes: {replies: \(shape)}
            pools: [{id: p, capacity: 5000}]
            campaigns: [{id: c, pool: p, status: running, leads: 300, rate: 36000, reply_rate: 100%}]
            """
        let time = ManualTime(try #require(Instant(rfc3339: "2026-12-01T09:00:00Z")))
        try await withSimulator(world, time: time) { url, _ in
            time.advance(by: .seconds(6 * 3600))
            let answer = try await call("GET", url + "/v1/replies?campaignId=c")
            let list = try #require(
                (answer.json as? [[String: Any]]) ?? (answer[shape == "data" ? "data" : "replies"] as? [[String: Any]]))
            let kinds = Set(list.compactMap { $0["classification"] as? String })
            #expect(kinds == ["interested", "not_interested", "out_of_office", "unsubscribe"])
            #expect(try await call("GET", url + "/v1/campaigns/c/stats")["replied"] as? Int ?? 0 > 250)
        }
    }

    @Test func faultsCanBeAddedAtRunTime() async throws {
        try await withSimulator(Self.base) { url, _ in
            let added = try await call(
                "POST", url + "/simulator/faults",
                body: #"{"kind":"throttle_date","endpoint":"pools","wait":"90s","times":1}"#)
            #expect(added.status == 200)
            #expect(try await call("GET", url + "/v1/sender-accounts").status == 200)
            let throttled = try await call("GET", url + "/v1/sender-pools")
            #expect(throttled.status == 429)
            #expect((throttled.headers["Retry-After"] as? String)?.hasSuffix(" GMT") == true)
            #expect(try await call("GET", url + "/v1/sender-pools").status == 200)
            let records = try await call("GET", url + "/simulator/requests")
            #expect((records.json as? [[String: Any]])?.map { $0["status"] as? Int } == [200, 429, 200])
            #expect(try await call("POST", url + "/simulator/faults", body: #"{"kind":"flood"}"#).status == 400)
            let truth = try await call("GET", url + "/simulator/world")
            #expect((truth["pools"] as? [[String: Any]])?.first?["remaining"] as? Int == 412)
        }
    }
}
