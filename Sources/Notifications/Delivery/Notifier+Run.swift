import Model
import Policy
import ServiceLifecycle
import Synchronization
import Threads

extension Notifier {
    /// How often the notifier checks what is due.
    private static let tick: Duration = .seconds(1)
    /// How often the notifier tries to read the notifications that an earlier process left.
    private static let restoreEvery: Duration = .seconds(30)
    /// Conditions that change are sent at most this often, because each time costs the loop a snapshot.
    private static let nudgeEvery: Duration = .seconds(5)
    /// A loop that does not respond for this long is not healthy.
    private static let answerWithin: Duration = .seconds(5)

    /// Runs until a graceful shutdown; what has not been sent by then is sent after the next start.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.restore() }
                group.addTask { await self.tick() }
                group.addTask { await self.reportNews() }
                group.addTask { await self.beat() }
                for await _ in self.wakes { self.startDue(&group) }
                group.cancelAll()
            }
        }
    }

    private func tick() async {
        while !Task.isCancelled {
            try? await time.sleep(until: time.now + Notifier.tick)
            wake.yield()
        }
    }

    /// Starts what is due: messages, current conditions and summaries.
    private func startDue(_ group: inout DiscardingTaskGroup) {
        let now = time.now
        let (deliveries, feeds, summaries) = state.withLock { state in
            (
                state.outbox.takeDue(at: now), Notifier.takeFeeds(&state, at: now),
                Notifier.takeSummaries(&state, at: now)
            )
        }
        for delivery in deliveries { group.addTask { await self.deliver(delivery) } }
        for name in feeds { group.addTask { await self.sendConditions(to: name) } }
        if !summaries.isEmpty { group.addTask { await self.summarize(summaries) } }
        hasNews.yield()
    }

    private func deliver(_ delivery: Outbox.Delivery) async {
        let name = delivery.receiver.name
        let endpoint = state.withLock { $0.endpoints[name] }
        let outcome = await courier.send(delivery.items, to: delivery.receiver, endpoint, at: time.now)
        let (now, random) = (time.now, random())
        // A shutdown interrupted it; the ledger still has it.
        if Task.isCancelled, outcome != .sent { return }
        state.withLock { $0.outbox.finished(name, outcome, at: now, random: random) }
        wake.yield()
    }

    // MARK: The decision loop and the ledger

    /// Reports settled notifications and the events about receivers.
    private func reportNews() async {
        for await _ in news {
            let current = state.withLock { state in
                var news = NotifierNews()
                news.change = OutboxChange(queued: state.queued, settled: state.outbox.takeSettled())
                news.events = state.outbox.takeReports()
                state.queued = []
                return news
            }
            if !current.isEmpty { await link.report(current) }
        }
    }

    private func restore() async {
        let past = await link.past()
        state.withLock { $0.day.restore(past, at: time.now) }
        while !Task.isCancelled {
            if let items = await link.stored() {
                state.withLock { $0.outbox.restore(items, at: time.now) }
                wake.yield()
                return
            }
            try? await time.sleep(until: time.now + Notifier.restoreEvery)
        }
    }

    // MARK: Conditions

    private static func takeFeeds(_ state: inout State, at now: Instant) -> [String] {
        var due: [String] = []
        for receiver in state.outbox.receivers {
            let name = receiver.name
            guard let feed = state.alerts[name], !feed.isUnderWay else { continue }
            let wait = feed.isNudged ? Notifier.nudgeEvery : AlertBook.interval
            if let sentAt = feed.sentAt, now - sentAt < wait { continue }
            state.alerts[name]?.isNudged = false
            state.alerts[name]?.isUnderWay = true
            state.alerts[name]?.sentAt = now
            due.append(name)
        }
        return due
    }

    private func sendConditions(to name: String) async {
        defer { state.withLock { $0.alerts[name]?.isUnderWay = false } }
        guard let found = await link.state() else { return }
        let conditions = AlertCondition.all(found.status, found.policy)
        // Alertmanager compares these times with its own clock.
        let now = time.now
        let (alerts, endpoint) = state.withLock { state -> ([Alert], ReceiverEndpoints.Endpoint?) in
            guard let receiver = state.outbox.receivers.first(where: { $0.name == name }) else { return ([], nil) }
            return (state.alerts[name]?.book.update(conditions, for: receiver, at: now) ?? [], state.endpoints[name])
        }
        guard !alerts.isEmpty else { return }
        let outcome = await courier.send(alerts, endpoint)
        let (end, random) = (time.now, random())
        state.withLock { state in
            switch outcome {
            case .sent, .partlySent: state.outbox.noteSuccess(name, at: end)
            case .failed(let reason, let retryAfter):
                state.outbox.noteFailure(name, reason, retryAfter: retryAfter, at: end, random: random)
            case .refused(let reason): state.outbox.noteFailure(name, reason, at: end, random: random)
            }
        }
        hasNews.yield()
    }

    // MARK: Summaries

    private static func takeSummaries(_ state: inout State, at now: Instant) -> [String] {
        var due: [String] = []
        for (name, schedule) in state.summaries where schedule.nextAt <= now {
            due.append(name)
            state.summaries[name]?.nextAt = schedule.zone.next(
                minuteOfDay: schedule.summary.minuteOfDay, after: now)
        }
        return due.sorted()
    }

    private func summarize(_ names: [String]) async {
        guard let found = await link.state() else { return }
        let now = time.now
        state.withLock { state in
            state.day.add([], at: now)
            var items: [OutboxItem] = []
            for (index, name) in names.enumerated() {
                guard let receiver = state.outbox.receivers.first(where: { $0.name == name }) else { continue }
                let text = DailySummary.text(state.day.entries, found.status, found.policy, for: receiver)
                items.append(
                    OutboxItem(
                        // Negative, so that it differs from the ids of events.
                        id: -(now.milliseconds &* 32 + Int64(index)), receiver: name, at: now, kind: .summary,
                        name: "summary", priority: .info, message: text))
            }
            state.queued += items
            state.outbox.add(items, at: now)
        }
        hasNews.yield()
        wake.yield()
    }

    // MARK: Heartbeat

    private func beat() async {
        while !Task.isCancelled {
            let now = time.now
            let due = state.withLock { state -> (HeartbeatSchedule, WebURL)? in
                guard let schedule = state.heartbeat, schedule.nextAt <= now, let url = state.endpoints.heartbeat else {
                    return nil
                }
                state.heartbeat?.nextAt = now + schedule.heartbeat.every
                return (schedule, url)
            }
            if let (schedule, url) = due { await beat(schedule.heartbeat, url) }
            try? await time.sleep(until: time.now + Notifier.tick)
        }
    }

    private func beat(_ heartbeat: Heartbeat, _ url: WebURL) async {
        let link = link
        let problems = await bounded(by: Notifier.answerWithin) { await link.problems() }
        guard let problems = problems ?? nil, problems.isEmpty else {
            // Sent as soon as the guard is healthy again.
            let soon = time.now + Notifier.tick
            return state.withLock { state in
                if let next = state.heartbeat?.nextAt { state.heartbeat?.nextAt = min(next, soon) }
            }
        }
        let failure = await courier.ping(url, heartbeat.method)
        state.withLock { state in
            if failure == nil { state.heartbeat?.sent += 1 } else { state.heartbeat?.failed += 1 }
        }
    }
}
