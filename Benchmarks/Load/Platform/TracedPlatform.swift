import Foundation
import Histogram

/// The platform's side of a trace: answers what the API would, and writes down when.
struct TracedPlatform {
    enum Answer {
        case json(status: Int, String)
        case drop
    }

    /// What happened to one campaign.
    struct Story: Codable {
        var id: String
        /// When its breach began to show, by the trace.
        var visibleAt: Double?
        /// When the answer before the pause had left.
        var answeredAt: Double?
        var pausedAt: Double?
        var startedAt: Double?
        var looks = 0
        var pauses = 0

        /// Nothing has happened yet.
        static func blank(_ trace: Trace) -> [Story] {
            trace.campaigns.map { Story(id: $0.id, visibleAt: $0.breaches.first?.from) }
        }
    }

    private let trace: Trace
    private let places: [String: Int]
    private var stories: [Story]
    private var beganAt: UInt64?
    private var looks = 0
    private var actions = 0

    init(_ trace: Trace) {
        self.trace = trace
        places = Dictionary(uniqueKeysWithValues: trace.campaigns.enumerated().map { ($1.id, $0) })
        stories = Story.blank(trace)
    }

    private func time(_ nanoseconds: UInt64) -> Double {
        guard let beganAt, nanoseconds >= beganAt else { return 0 }
        return Double(nanoseconds - beganAt) / 1e9
    }

    mutating func begin(at now: UInt64) {
        beganAt = now
        (looks, actions) = (0, 0)
        stories = Story.blank(trace)
    }

    /// The answer, and the place of the campaign whose statistics it tells.
    mutating func answer(_ method: String, _ path: Substring, at now: UInt64) -> (Answer, place: Int?) {
        let parts = path.split(separator: "/")
        if path == "/bench/begin" {
            begin(at: now)
            return (.json(status: 200, "{}"), nil)
        }
        if path == "/bench/record" { return (.json(status: 200, record), nil) }
        if path.hasPrefix("/v1/sender-pools") {
            return (
                .json(
                    status: 200,
                    #"[{"id":"pool_a","name":"A","dailyCapacity":1000000000,"remainingVolume":1000000000,"senderAccountIds":[]}]"#
                ),
                nil
            )
        }
        guard parts.count == 4, parts[0] == "v1", parts[1] == "campaigns", let place = places[String(parts[2])] else {
            return (.json(status: 404, #"{"error":{"code":"not_found"}}"#), nil)
        }
        switch (method, parts[3]) {
        case ("GET", "stats"): return look(place, at: time(now))
        case ("POST", "pause"):
            actions += 1
            stories[place].pauses += 1
            if stories[place].pausedAt == nil { stories[place].pausedAt = time(now) }
            let id = trace.campaigns[place].id
            let pausedAt = Date().ISO8601Format(.init(includingFractionalSeconds: true))
            return (.json(status: 200, #"{"id":"\#(id)","status":"PAUSED","pausedAt":"\#(pausedAt)"}"#), nil)
        default: return (.json(status: 405, "{}"), nil)
        }
    }

    private mutating func look(_ place: Int, at time: Double) -> (Answer, place: Int?) {
        looks += 1
        stories[place].looks += 1
        let campaign = trace.campaigns[place]
        switch campaign.faults.first(where: { $0.span.contains(time) })?.kind {
        case .drop: return (.drop, nil)
        case .error: return (.json(status: 500, #"{"error":{"code":"internal"}}"#), nil)
        case nil: break
        }
        let (sent, bounced) = campaign.counters(at: min(time, stories[place].pausedAt ?? time))
        return (
            .json(
                status: 200,
                """
                {"campaignId":"\(campaign.id)","totalEnrolled":1000000,"sent":\(sent),"delivered":\(sent - bounced),\
                "bounced":\(bounced),"replied":0,"queued":\(1_000_000 - sent),"openRate":0.4,"replyRate":0}
                """), place
        )
    }

    /// The last byte of an answer has left.
    mutating func noteAnswered(_ place: Int, at now: UInt64) {
        if stories[place].pausedAt == nil { stories[place].answeredAt = time(now) }
    }

    // MARK: Record

    private struct Quantiles: Codable {
        var count: UInt64
        var p50: UInt64
        var p99: UInt64
        var p999: UInt64
        var max: UInt64
    }

    private struct Record: Codable {
        var seconds: Double
        var looks: Int
        var actions: Int
        /// From the last byte of an answer to the first of the pause, in microseconds.
        var decision: Quantiles
        var stories: [Story]
    }

    private var record: String {
        var histogram = Histogram<UInt64>(highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: .three)
        for story in stories {
            guard let answered = story.answeredAt, let paused = story.pausedAt else { continue }
            histogram.record(UInt64(max(0, paused - answered) * 1e6))
        }
        let decision = Quantiles(
            count: histogram.totalCount, p50: histogram.valueAtPercentile(50), p99: histogram.valueAtPercentile(99),
            p999: histogram.valueAtPercentile(99.9), max: histogram.max)
        let record = Record(
            seconds: time(DispatchTime.now().uptimeNanoseconds), looks: looks, actions: actions, decision: decision,
            stories: stories.filter { $0.visibleAt != nil || $0.pauses > 0 })
        guard let data = try? JSONEncoder().encode(record) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }
}
