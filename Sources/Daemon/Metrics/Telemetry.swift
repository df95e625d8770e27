import Guard
import Model
import Policy

/// Counters of requests, events and failed writes.
struct Telemetry: Sendable {
    /// A request's endpoint and its outcome.
    struct RequestKind: Hashable, Sendable, Comparable {
        var endpoint: String
        /// `ok`, or the kind of fault.
        var outcome: String

        static func < (left: RequestKind, right: RequestKind) -> Bool {
            (left.endpoint, left.outcome) < (right.endpoint, right.outcome)
        }
    }

    private(set) var requests: [RequestKind: Int] = [:]
    private(set) var latencies: [String: LatencyHistogram] = [:]
    private(set) var events: [EventKind: Int] = [:]
    private(set) var ledgerFailures = 0
    /// Stats in which `sent` was raised, because their counters were not read at the same moment.
    private(set) var adjustedStats = 0

    mutating func note(_ event: Event, at now: Instant) {
        switch event {
        case .polled(let observation):
            var outcome = "ok"
            if case .failure(let fault) = observation.result { outcome = fault.kind.rawValue }
            if case .success(.stats(let stats)) = observation.result, stats.adjustedBy != nil { adjustedStats += 1 }
            note(observation.target.endpoint, outcome, now - observation.requestedAt)
        case .answered(let intent, let result, _):
            var outcome = "ok"
            if case .failure(let fault) = result { outcome = fault.kind.rawValue }
            note(intent.action.rawValue, outcome, now - intent.sentAt)
        case .changed(let change, let result):
            var outcome = "ok"
            if case .failure(let fault) = result { outcome = fault.kind.rawValue }
            note("\(change.action.rawValue)_sender", outcome, now - change.sentAt)
        case .recorded(let failure): if failure != nil { ledgerFailures += 1 }
        case .started, .tick, .clockSet, .joined, .reloaded, .recalled, .ordered, .orderedTogether, .muteOrdered,
            .sampled, .hinted:
            break
        }
    }

    private mutating func note(_ endpoint: String, _ outcome: String, _ duration: Duration) {
        requests[RequestKind(endpoint: endpoint, outcome: outcome), default: 0] += 1
        latencies[endpoint, default: LatencyHistogram()].note(duration)
    }

    mutating func note(_ event: JournalEvent) { events[event.kind, default: 0] += 1 }
}
