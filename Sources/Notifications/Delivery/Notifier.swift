package import Model
package import Policy
import ServiceLifecycle
import Synchronization

/// Sends notifications, the current conditions, summaries and the heartbeat, on tasks of its own.
///
/// The decision loop only calls ``post(_:at:)``, which never waits.
package final class Notifier: Service, Sendable, CustomStringConvertible {
    /// The type's name only, because libraries log services and must not print their contents.
    package let description = "Notifier"

    struct State {
        var outbox: Outbox
        var endpoints = ReceiverEndpoints()
        var day = DayBook()
        var alerts: [String: AlertFeed] = [:]
        var summaries: [String: SummarySchedule] = [:]
        var heartbeat: HeartbeatSchedule?
        /// New notifications of the notifier itself, for the ledger.
        var queued: [OutboxItem] = []
    }

    /// The alerts of one Alertmanager, and when they are sent.
    struct AlertFeed {
        var book = AlertBook()
        var sentAt: Instant?
        var isNudged = false
        var isUnderWay = false
    }

    struct SummarySchedule {
        var summary: Receiver.Summary
        var zone: TimeZoneTable
        var nextAt: Instant
    }

    struct HeartbeatSchedule {
        var heartbeat: Heartbeat
        var nextAt: Instant
        var sent = 0
        var failed = 0
    }

    let state: Mutex<State>
    let time: any TimeSource
    let random: @Sendable () -> Double
    let courier: Courier
    let link: GuardLink
    let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let (news, hasNews) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    /// - Parameter random: returns a new random number in 0…1.
    package init(
        courier: Courier, link: GuardLink, time: any TimeSource, limits: Outbox.Limits = Outbox.Limits(),
        random: @escaping @Sendable () -> Double
    ) {
        state = Mutex(State(outbox: Outbox(limits: limits)))
        (self.courier, self.link, self.time, self.random) = (courier, link, time, random)
    }

    /// Adopts the receivers of a policy; notifications that wait for receivers that remain are retained.
    package func adopt(_ policy: CheckedPolicy, _ endpoints: ReceiverEndpoints) {
        let now = time.now
        state.withLock { state in
            state.outbox.adopt(policy.receivers)
            state.endpoints = endpoints
            let managers = policy.receivers.filter { if case .alertmanager = $0.channel { true } else { false } }
            let feeds = state.alerts
            state.alerts = Dictionary(
                managers.map { ($0.name, feeds[$0.name] ?? AlertFeed()) }, uniquingKeysWith: { first, _ in first })
            let before = state.summaries
            state.summaries = [:]
            for receiver in policy.receivers {
                guard let summary = receiver.summary, let zone = TimeZoneTable(summary.timeZone) else { continue }
                let known = before[receiver.name].flatMap { $0.summary == summary ? $0 : nil }
                state.summaries[receiver.name] =
                    known
                    ?? SummarySchedule(
                        summary: summary, zone: zone, nextAt: zone.next(minuteOfDay: summary.minuteOfDay, after: now))
            }
            if state.heartbeat?.heartbeat != policy.heartbeat {
                state.heartbeat = policy.heartbeat.map { HeartbeatSchedule(heartbeat: $0, nextAt: now) }
            }
        }
        wake.yield()
    }

    /// Takes over the notifications of one turn of the loop.
    package func post(_ routed: NotificationRouter.Routed, at now: Instant) {
        state.withLock { state in
            state.outbox.add(routed.items, skipped: routed.skipped, at: now)
            for name in routed.nudged { state.alerts[name]?.isNudged = true }
            state.day.add(routed.story, at: now)
        }
        wake.yield()
    }

    /// The state of the receivers, and the counts of the heartbeat's requests.
    package var tallies: Tallies {
        let now = time.now
        return state.withLock { state in
            Tallies(
                receivers: state.outbox.tallies(at: now),
                heartbeats: state.heartbeat.map { Tallies.Heartbeats(sent: $0.sent, failed: $0.failed) })
        }
    }

    /// The state of the receivers, and the counts of the heartbeat's requests.
    package struct Tallies: Sendable {
        package struct Heartbeats: Sendable {
            package var sent: Int
            package var failed: Int
        }

        package var receivers: [ReceiverTally]
        /// Nil without a heartbeat.
        package var heartbeats: Heartbeats?
    }

    /// The names of the receivers.
    package var receiverNames: [String] { state.withLock { $0.outbox.receivers.map(\.name) } }

    /// Sends a test message at once; nil if there is no such receiver.
    package func test(_ name: String) async -> Outbox.Outcome? {
        let (receiver, endpoint) = state.withLock { state in
            (state.outbox.receivers.first { $0.name == name }, state.endpoints[name])
        }
        guard let receiver else { return nil }
        let item = OutboxItem(
            id: 0, receiver: name, at: time.now, kind: .test, name: "test", priority: .info,
            message: "Test notification from Sendwarden for receiver \(name); nothing happened.")
        return await courier.send([item], to: receiver, endpoint, at: time.now)
    }
}
