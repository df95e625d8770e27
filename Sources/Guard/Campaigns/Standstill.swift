package import Model

/// Watches whether a paused campaign stops sending.
///
/// Emails in transit are counted for a while after a pause, so growth alone proves nothing. A standstill that begins
/// with the pause proves its effect, provided that emails and volume were left to send. Growth after a standstill shows
/// a restart; growth without one shows that the pause must be repeated.
package struct Standstill: Hashable, Sendable, Codable {
    /// The conclusion from a sample.
    package enum Finding: Hashable, Sendable {
        /// Nothing was sent beyond what may have been in transit.
        case still
        /// The campaign stood still and sends again.
        case restarted
        /// The campaign still sends and was not seen to stand still.
        case goesOn
    }

    private struct Count: Hashable, Sendable, Codable {
        var sent: Int
        var at: Instant
    }

    /// The counts before the counters fell; they hold again if a replica lagged.
    private struct Fall: Hashable, Sendable, Codable {
        var first: Count?
        var latest: Count
        var sentWhenSettled: Int?
        var sentAtStandstill: Int?
        /// ``countersRestarted`` before the fall.
        var restarted: Bool?
        var at: Instant
        /// The samples with growth since.
        var rises = 0
    }

    /// The shortest standstill: some platforms update their counters once a minute.
    private static let flatMin: Duration = .seconds(60)
    /// The fewest samples in a row that show a standstill: a lagging replica repeats an old response.
    private static let flatSamplesMin = 3
    /// The fewest emails to expect in a standstill; by chance, none of them is sent in one case of a thousand.
    private static let expectedMin = 7.0
    /// A fall to this part of the expected pace is a standstill too, if at least this many emails were expected.
    private static let slowdown = (factor: 0.1, expectedMin: 20.0)
    /// The longest time that a pause may take to reach the sending machines.
    private static let drainMin: Duration = .seconds(60)
    /// From then on, growth is measured over a time between these, so that it shows however short the polls are.
    private static let span = (min: Duration.seconds(30), max: Duration.seconds(300))
    /// Growth below this many emails proves nothing while some may be in transit.
    private static let growthMin = 5.0
    private static let restartMin = 10
    /// The samples with growth that show a restart: emails in transit are counted once.
    private static let growthsMin = 2
    /// The growth of fallen counters that shows sending: a replica that lagged returns in fewer samples, or faster.
    static let sending = (risesMin: 6, lasting: Duration.seconds(180))

    /// When emails in transit have been counted.
    package var settlesAt: Instant
    /// The sent counter at the first sample after ``settlesAt``; nil before that.
    package var sentWhenSettled: Int?
    /// When watching began; like the properties below, nil in records of older versions.
    private var since: Instant?
    /// The lower and the higher estimate of emails per second before the pause.
    private(set) var paceMin: Double?
    private(set) var paceMax: Double?
    /// The pace just after the pause if no earlier pace is known; emails in transit leave no faster later.
    private var drainPace: Double?
    private var first: Count?
    private var latest: Count?
    /// Whether a lagging replica explains counts below ``latest``; nil until one is seen.
    private var lag: ReplicaLag?
    /// When an email was last seen to leave, and the time of the sample before that one.
    private var flatSince: Instant?
    private var stoppedAfter: Instant?
    /// Samples since ``flatSince``.
    private var flatSamples: Int?
    /// Samples further apart show nothing about the time between them, such as an empty pool; nil for no limit.
    private var gapMax: Duration?
    /// The longest time between two increases before the pause; nil if unknown.
    private var earlierFlat: Duration?
    /// Samples with growth since the standstill; emails in transit may be counted all at once.
    private var growths: Int?
    /// The first count of the time over which growth is measured, after ``drainMin``; nil before that.
    private var drained: Count?
    /// Samples with growth since ``drained``.
    private var rises: Int?
    /// The sent counter at the standstill; nil before one is seen.
    private var sentAtStandstill: Int?
    /// True if the counters restarted from zero since the pause.
    private(set) var countersRestarted: Bool?
    /// The fall of the counters, until they pass their old values or are known to have restarted; nil if there is none.
    private var fall: Fall?

    /// - Parameters:
    ///   - now: when the platform confirmed the pause.
    ///   - grace: how long emails in transit may be counted.
    ///   - pace: the lowest and the highest estimate of emails per second before the pause.
    ///   - known: the last sent counter and its time.
    ///   - gapMax: the longest gap between samples that can show a standstill.
    ///   - beforeFall: the last sent counter before the counters fell, and its time, if a replica may lag.
    ///   - earlierFlat: the longest time between two increases while the campaign was sending, such as a cache causes.
    package init(
        since now: Instant, grace: Duration, pace: (min: Double, max: Double)? = nil,
        known: (sent: Int, at: Instant)? = nil, beforeFall: (sent: Int, at: Instant)? = nil,
        earlierFlat: Duration? = nil, gapMax: Duration? = nil
    ) {
        settlesAt = now + grace
        since = now
        (paceMin, paceMax) = (pace?.min, pace?.max)
        (self.earlierFlat, self.gapMax) = (earlierFlat, gapMax)
        first = known.map { Count(sent: $0.sent, at: $0.at) }
        (latest, flatSince) = (first, known == nil ? nil : now)
        fall = beforeFall.map {
            let count = Count(sent: $0.sent, at: $0.at)
            return Fall(first: count, latest: count, at: $0.at)
        }
    }

    /// True if the campaign was seen to stand still, so that the pause took effect.
    package var stoodStill: Bool { sentAtStandstill != nil }

    /// A new watch after the pause was sent again.
    func again(at now: Instant, grace: Duration) -> Standstill {
        var (low, high) = (paceMin, paceMax)
        if let first, let latest, latest.at > first.at {
            // The campaign kept sending, so this is its pace.
            let seen = Double(max(0, latest.sent - first.sent)) / (latest.at - first.at).seconds
            (low, high) = (min(low ?? seen, seen), max(high ?? seen, seen))
        }
        return Standstill(
            since: now, grace: grace, pace: low.flatMap { low in high.map { (low, $0) } },
            known: latest.map { ($0.sent, $0.at) }, beforeFall: fall.map { ($0.latest.sent, $0.latest.at) },
            earlierFlat: earlierFlat, gapMax: gapMax)
    }

    /// Clamps ``settlesAt`` and the start to `latest`, because the clock may have been set back.
    mutating func clamp(to latest: Instant) {
        settlesAt = min(settlesAt, latest)
        since = since.map { min($0, latest) }
        if let fall { self.fall?.at = min(fall.at, latest) }
    }

    /// Rebases on restarted counters; `sent` and `time` are those of the first restarted sample.
    mutating func restartCounters(sent: Int?, at time: Instant) {
        defer { countersRestarted = true }
        if let latest {
            fall =
                fall
                ?? Fall(
                    first: first, latest: latest, sentWhenSettled: sentWhenSettled, sentAtStandstill: sentAtStandstill,
                    restarted: countersRestarted, at: time)
            fall?.rises = 0
        }
        rebase(on: sent.map { Count(sent: $0, at: time) })
    }

    private mutating func rebase(on count: Count?) {
        (first, latest) = (first.flatMap { _ in count }, latest.flatMap { _ in count })
        sentWhenSettled = sentWhenSettled.flatMap { _ in count?.sent }
        sentAtStandstill = sentAtStandstill.flatMap { _ in count?.sent }
        (growths, lag, drained, rises) = (nil, nil, nil, nil)
    }

    /// Draws a conclusion from a sample.
    ///
    /// - Parameters:
    ///   - requestedAt: when the sample was requested; one from before the pause shows nothing.
    ///   - isStep: the growth was not sent since the last sample: a replica that lagged catches up.
    ///   - couldSendUntil: the latest time at which emails and volume were known to be left; nil if unknown.
    package mutating func observe(
        sent: Int?, requestedAt: Instant, isStep: Bool = false, couldSendUntil: Instant?, at now: Instant
    ) -> Finding {
        guard let sent, requestedAt >= since ?? settlesAt, !isLagging(sent, at: now) else { return .still }
        let mayBeReplica = noteFall(sent, isStep: isStep, at: now)
        let finding = observe(sent, requestedAt: requestedAt, couldSendUntil: couldSendUntil, at: now)
        return mayBeReplica ? .still : finding
    }

    /// Notes a sample after the counters fell; true while a replica that lags explains its growth.
    ///
    /// Below the old count, a few increases show nothing, because replicas return in steps. A campaign that is sending
    /// soon shows more increases than that.
    private mutating func noteFall(_ sent: Int, isStep: Bool, at now: Instant) -> Bool {
        guard let fall else { return false }
        if sent >= fall.latest.sent {
            (first, latest) = (fall.first, fall.latest)
            (sentWhenSettled, sentAtStandstill) = (fall.sentWhenSettled, fall.sentAtStandstill)
            (growths, flatSince, flatSamples, drained, rises) = (nil, now, 0, nil, nil)
            (countersRestarted, self.fall) = (fall.restarted, nil)
            return false
        }
        if now - fall.at > ReplicaLag.max {
            rebase(on: latest)
            self.fall = nil
            return false
        }
        if !isStep, let latest, sent > latest.sent { self.fall?.rises += 1 }
        let isSending = self.fall?.rises ?? 0 >= Standstill.sending.risesMin
        if isSending, now - fall.at >= Standstill.sending.lasting { self.fall = nil }
        return self.fall != nil
    }

    private mutating func observe(
        _ sent: Int, requestedAt: Instant, couldSendUntil: Instant?, at now: Instant
    ) -> Finding {
        let count = Count(sent: sent, at: now)
        defer { latest = count }
        guard let before = latest, let first else {
            (first, flatSince) = (count, now)
            if requestedAt >= settlesAt, sentWhenSettled == nil { sentWhenSettled = sent }
            return finding(afterSettling: sent, requestedAt)
        }
        let growth = max(0, sent - before.sent)
        let start = max(before.at, since ?? before.at)
        let elapsed = max(.zero, now - start)
        // Emails that left between the last sample before the pause and the pause itself.
        let earlier = (paceMax ?? 0) * max(.zero, start - before.at).seconds
        let isGap = gapMax.map { now - before.at > $0 } ?? false
        noteStandstill(growth, earlier, since: start, sent, isGap ? nil : couldSendUntil, at: now)
        defer {
            if paceMin == nil, drainPace == nil, growth > 0, elapsed > .zero, start == before.at {
                drainPace = Double(growth) / elapsed.seconds
            }
        }
        let isSettled = requestedAt >= settlesAt
        if isSettled, let settled = sentWhenSettled {
            return sent > settled ? (stoodStill ? .restarted : .goesOn) : .still
        }
        if isSettled { sentWhenSettled = sent }
        return findingInTransit(Double(growth) - earlier, elapsed, sent, first, at: now)
    }

    private mutating func isLagging(_ sent: Int, at now: Instant) -> Bool {
        guard let latest, sent < latest.sent || lag != nil else { return false }
        var lag = lag ?? ReplicaLag()
        if lag.explains(isLower: sent < latest.sent, at: now) {
            self.lag = lag
            return true
        }
        if sent < latest.sent { rebase(on: Count(sent: sent, at: now)) } else { self.lag = nil }
        return false
    }

    /// The conclusion if an earlier process or an older version stored the settled counter.
    private func finding(afterSettling sent: Int, _ requestedAt: Instant) -> Finding {
        guard requestedAt >= settlesAt, let settled = sentWhenSettled, sent > settled else { return .still }
        return stoodStill ? .restarted : .goesOn
    }

    private mutating func noteStandstill(
        _ growth: Int, _ earlier: Double, since start: Instant, _ sent: Int, _ couldSendUntil: Instant?, at now: Instant
    ) {
        flatSamples = (flatSamples ?? 0) + 1
        // Cached counters stand still for a minute while the campaign is sending.
        let flatMin = max(Standstill.flatMin, (earlierFlat ?? .zero) * 2)
        defer {
            if growth > 0 || couldSendUntil == nil { (flatSince, stoppedAfter, flatSamples) = (now, start, 0) }
        }
        guard sentAtStandstill == nil, let couldSendUntil, let flatSince else { return }
        if growth == 0 {
            // A later stop has another reason: sending hours, or a finished list.
            let flat = couldSendUntil - flatSince
            guard stoppedAfter ?? flatSince <= settlesAt, flat >= flatMin,
                flatSamples ?? 0 >= Standstill.flatSamplesMin
            else { return }
            let isExpected = paceMin.map { $0 * flat.seconds >= Standstill.expectedMin } ?? (now >= settlesAt)
            if isExpected { sentAtStandstill = sent }
        } else if let paceMin, start <= settlesAt, couldSendUntil - start >= flatMin {
            let expected = paceMin * (couldSendUntil - start).seconds
            let later = Double(growth) - earlier
            if expected >= Standstill.slowdown.expectedMin, later <= expected * Standstill.slowdown.factor {
                sentAtStandstill = sent
            }
        }
    }

    /// The conclusion while emails may be in transit: whether more is counted than those.
    private mutating func findingInTransit(
        _ growth: Double, _ elapsed: Duration, _ sent: Int, _ first: Count, at now: Instant
    ) -> Finding {
        guard let paceMin = paceMin ?? drainPace, let paceMax = paceMax ?? drainPace, let since else { return .still }
        if let standing = sentAtStandstill {
            let isPaced = growth >= paceMin * elapsed.seconds / 2
            if growth > 0 { growths = (growths ?? 0) + 1 }
            let isMore = sent - standing >= Standstill.restartMin && growths ?? 0 >= Standstill.growthsMin
            return isMore && isPaced ? .restarted : .still
        }
        let inTransit = paceMax * max(.zero, settlesAt - first.at).seconds
        let bound = inTransit + 3 * inTransit.squareRoot() + Double(Standstill.restartMin)
        if Double(sent - first.sent) > bound { return .goesOn }
        // A minute after the pause, the campaign sends as fast as before.
        guard now - since >= Standstill.drainMin else { return .still }
        let isUndiminished = isUndiminished(growth, elapsed, paceMin)
        let isUndiminishedOverall = isUndiminishedSince(growth, sent, paceMin, at: now)
        return isUndiminished || isUndiminishedOverall ? .goesOn : .still
    }

    private func isUndiminished(_ growth: Double, _ elapsed: Duration, _ paceMin: Double) -> Bool {
        growth >= Standstill.growthMin && growth >= paceMin * elapsed.seconds / 2
    }

    /// The same over several samples, because the growth between two of them may be too small to show anything.
    private mutating func isUndiminishedSince(
        _ growth: Double, _ sent: Int, _ paceMin: Double, at now: Instant
    ) -> Bool {
        guard let start = drained else {
            (drained, rises) = (Count(sent: sent, at: now), 0)
            return false
        }
        if growth > 0 { rises = (rises ?? 0) + 1 }
        let elapsed = now - start.at
        // Emails in transit may be counted all at once.
        let isSteady = elapsed >= Standstill.span.min && rises ?? 0 >= Standstill.growthsMin
        if isSteady, isUndiminished(Double(sent - start.sent), elapsed, paceMin) { return true }
        if elapsed >= Standstill.span.max { (drained, rises) = (Count(sent: sent, at: now), 0) }
        return false
    }
}
