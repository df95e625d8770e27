import Foundation
import Histogram

/// The platform that plays a trace: responds as the API would and records the times.
struct TracedPlatform {
    enum Answer {
        case json(status: Int, String)
        case drop
    }

    /// The record of one campaign.
    struct CampaignRecord: Codable {
        var id: String
        /// When its breach begins, according to the trace.
        var visibleAt: Double?
        /// When the last response before the pause was sent.
        var answeredAt: Double?
        var pausedAt: Double?
        var startedAt: Double?
        var polls = 0
        var pauses = 0

        /// The records before the first request.
        static func initial(_ trace: Trace) -> [CampaignRecord] {
            trace.campaigns.map { CampaignRecord(id: $0.id, visibleAt: $0.breaches.first?.from) }
        }
    }

    private let trace: Trace
    private let indices: [String: Int]
    private var records: [CampaignRecord]
    private var beganAt: UInt64?
    private var polls = 0
    private var actions = 0

    init(_ trace: Trace) {
        self.trace = trace
        indices = Dictionary(uniqueKeysWithValues: trace.campaigns.enumerated().map { ($1.id, $0) })
        records = CampaignRecord.initial(trace)
    }

    private func time(_ nanoseconds: UInt64) -> Double {
        guard let beganAt, nanoseconds >= beganAt else { return 0 }
        return Double(nanoseconds - beganAt) / 1e9
    }

    mutating func begin(at now: UInt64) {
        beganAt = now
        (polls, actions) = (0, 0)
        records = CampaignRecord.initial(trace)
    }

    /// The response, and the index of the campaign whose stats it contains.
    mutating func answer(_ method: String, _ path: Substring, at now: UInt64) -> (Answer, campaign: Int?) {
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
        guard parts.count == 4, parts[0] == "v1", parts[1] == "campaigns", let index = indices[String(parts[2])] else {
            return (.json(status: 404, #"{"error":{"code":"not_found"}}"#), nil)
        }
        switch (method, parts[3]) {
        case ("GET", "stats"): return poll(index, at: time(now))
        case ("POST", "pause"):
            actions += 1
            records[index].pauses += 1
            if records[index].pausedAt == nil { records[index].pausedAt = time(now) }
            let id = trace.campaigns[index].id
            let pausedAt = Date().ISO8601Format(.init(includingFractionalSeconds: true))
            return (.json(status: 200, #"{"id":"\#(id)","status":"PAUSED","pausedAt":"\#(pausedAt)"}"#), nil)
        default: return (.json(status: 405, "{}"), nil)
        }
    }

    private mutating func poll(_ index: Int, at time: Double) -> (Answer, campaign: Int?) {
        polls += 1
        records[index].polls += 1
        let campaign = trace.campaigns[index]
        switch campaign.faults.first(where: { $0.span.contains(time) })?.kind {
        case .drop: return (.drop, nil)
        case .error: return (.json(status: 500, #"{"error":{"code":"internal"}}"#), nil)
        case nil: break
        }
        let (sent, bounced) = campaign.counters(at: min(time, records[index].pausedAt ?? time))
        return (
            .json(
                status: 200,
                """
                {"campaignId":"\(campaign.id)","totalEnrolled":1000000,"sent":\(sent),"delivered":\(sent - bounced),\
                "bounced":\(bounced),"replied":0,"queued":\(1_000_000 - sent),"openRate":0.4,"replyRate":0}
                """), index
        )
    }

    /// Records that the last byte of a response was sent.
    mutating func recordResponse(_ index: Int, at now: UInt64) {
        if records[index].pausedAt == nil { records[index].answeredAt = time(now) }
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
        var polls: Int
        var actions: Int
        /// Microseconds from the last byte of a response to the first byte of the pause.
        var decision: Quantiles
        var campaigns: [CampaignRecord]
    }

    private var record: String {
        var histogram = Histogram<UInt64>(highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: .three)
        for record in records {
            guard let answered = record.answeredAt, let paused = record.pausedAt else { continue }
            histogram.record(UInt64(max(0, paused - answered) * 1e6))
        }
        let decision = Quantiles(
            count: histogram.totalCount, p50: histogram.valueAtPercentile(50), p99: histogram.valueAtPercentile(99),
            p999: histogram.valueAtPercentile(99.9), max: histogram.max)
        let record = Record(
            seconds: time(DispatchTime.now().uptimeNanoseconds), polls: polls, actions: actions, decision: decision,
            campaigns: records.filter { $0.visibleAt != nil || $0.pauses > 0 })
        guard let data = try? JSONEncoder().encode(record) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }
}
