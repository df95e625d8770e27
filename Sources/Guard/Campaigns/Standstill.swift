package import Model

/// How a campaign that was paused is watched.
///
/// Emails in transit are counted for a while after a pause, so growth alone proves nothing. What proves that a pause took
/// effect is a standstill that begins with it, while there are emails to send and volume to send them with. Growth after
/// one shows a restart; growth without one shows nothing of the kind, and the pause is sent again.
package struct Standstill: Hashable, Sendable, Codable {
    /// What a sample shows.
    package enum Finding: Hashable, Sendable {
        /// Nothing was sent beyond what may have been in transit.
        case still
        /// It had stood still, and sends again.
        case restarted
        /// It is still sending, and has not been seen to stand still.
        case goesOn
    }

    private struct Count: Hashable, Sendable, Codable {
        var sent: Int
        var at: Instant
    }

    /// The least time without an email that counts as a standstill: some platforms update their counters once a minute.
    private static let flatMin: Duration = .seconds(60)
    /// So many samples in a row must show it: a replica that is behind repeats an old answer.
    private static let flatSamplesMin = 3
    /// Nothing was sent while at least so many emails were to be expected: by chance in one of twenty cases.
    private static let expectedMin = 3.0
    /// A fall to this part of the expected pace is a standstill too, where at least so many emails were expected.
    private static let slowdown = (factor: 0.1, expectedMin: 20.0)
    /// For so long a pause may take to reach what sends.
    private static let drainMin: Duration = .seconds(60)
    /// Fewer emails than this prove nothing while some may be in transit.
    private static let growthMin = 5.0
    private static let restartMin = 10
    /// Samples with growth that show a restart while emails may be in transit: those are counted once.
    private static let growthsMin = 2

    /// When emails in transit have had their time.
    package var settlesAt: Instant
    /// What had been sent when it had settled; nil before.
    package var sentWhenSettled: Int?
    /// When watching began; nil in what older versions stored, as is what follows.
    private var since: Instant?
    /// Emails a second before the pause, by a short and by a long memory: the lower and the higher of both.
    private(set) var paceMin: Double?
    private(set) var paceMax: Double?
    /// The pace just after the pause, where none was known before: what is in transit leaves no faster later on.
    private var drainPace: Double?
    private var first: Count?
    private var latest: Count?
    /// When an email was last seen to have left, and the sample before that: it stopped in between.
    private var flatSince: Instant?
    private var stoppedAfter: Instant?
    /// Samples since then.
    private var flatSamples: Int?
    /// Samples further apart show nothing of what was between them, such as a pool that was empty; nil is any.
    private var gapMax: Duration?
    /// The counters stood for so long between two growths before the pause; nil where that is not known.
    private var earlierFlat: Duration?
    /// Samples with growth since it stood still: what was in transit may be counted all at once.
    private var growths: Int?
    /// What had been sent when it stood still.
    private var sentAtStandstill: Int?
    /// The counters restarted from scratch since the pause.
    private(set) var countersRestarted: Bool?

    /// - Parameters:
    ///   - now: when the platform confirmed the pause.
    ///   - grace: for so long emails in transit may be counted.
    ///   - pace: emails a second before the pause, at least and at most.
    ///   - known: what had been sent when it was last counted, and when that was.
    ///   - gapMax: the furthest two samples may lie apart to show a standstill.
    ///   - earlierFlat: how long the counters stood between two growths while it was sending, as a cache makes them.
    package init(
        since now: Instant, grace: Duration, pace: (min: Double, max: Double)? = nil,
        known: (sent: Int, at: Instant)? = nil, earlierFlat: Duration? = nil, gapMax: Duration? = nil
    ) {
        settlesAt = now + grace
        since = now
        (paceMin, paceMax) = (pace?.min, pace?.max)
        (self.earlierFlat, self.gapMax) = (earlierFlat, gapMax)
        first = known.map { Count(sent: $0.sent, at: $0.at) }
        (latest, flatSince) = (first, known == nil ? nil : now)
    }

    /// It has been seen to stand still: the pause took effect.
    package var stoodStill: Bool { sentAtStandstill != nil }

    /// Watches from scratch, after the pause was sent again.
    func again(at now: Instant, grace: Duration) -> Standstill {
        var (low, high) = (paceMin, paceMax)
        if let first, let latest, latest.at > first.at {
            // It kept sending, so that this is its pace.
            let seen = Double(max(0, latest.sent - first.sent)) / (latest.at - first.at).seconds
            (low, high) = (min(low ?? seen, seen), max(high ?? seen, seen))
        }
        return Standstill(
            since: now, grace: grace, pace: low.flatMap { low in high.map { (low, $0) } },
            known: latest.map { ($0.sent, $0.at) }, earlierFlat: earlierFlat, gapMax: gapMax)
    }

    /// Emails in transit have had their time by then at the latest.
    mutating func clamp(to latest: Instant) {
        settlesAt = min(settlesAt, latest)
        since = since.map { min($0, latest) }
    }

    /// The counters restarted, and showed this when that was first seen.
    mutating func restartCounters(sent: Int?, at time: Instant) {
        countersRestarted = true
        let count = sent.map { Count(sent: $0, at: time) }
        (first, latest) = (first.flatMap { _ in count }, latest.flatMap { _ in count })
        sentWhenSettled = sentWhenSettled.flatMap { _ in sent }
        sentAtStandstill = sentAtStandstill.flatMap { _ in sent }
        growths = nil
    }

    /// Takes a sample in.
    ///
    /// - Parameters:
    ///   - requestedAt: when it was requested; one from before the pause shows nothing.
    ///   - couldSendUntil: until when it is known that it had emails, and volume, to send; nil where neither is known.
    package mutating func observe(
        sent: Int?, requestedAt: Instant, couldSendUntil: Instant?, at now: Instant
    ) -> Finding {
        guard let sent, requestedAt >= since ?? settlesAt else { return .still }
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
        // What left between the last sample before the pause and the pause itself.
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

    /// What was settled by an earlier process, or by an older version, still counts.
    private func finding(afterSettling sent: Int, _ requestedAt: Instant) -> Finding {
        guard requestedAt >= settlesAt, let settled = sentWhenSettled, sent > settled else { return .still }
        return stoodStill ? .restarted : .goesOn
    }

    private mutating func noteStandstill(
        _ growth: Int, _ earlier: Double, since start: Instant, _ sent: Int, _ couldSendUntil: Instant?, at now: Instant
    ) {
        flatSamples = (flatSamples ?? 0) + 1
        // Counters that a cache holds for a minute stand for a minute while the campaign is sending.
        let flatMin = max(Standstill.flatMin, (earlierFlat ?? .zero) * 2)
        defer {
            if growth > 0 || couldSendUntil == nil { (flatSince, stoppedAfter, flatSamples) = (now, start, 0) }
        }
        guard sentAtStandstill == nil, let couldSendUntil, let flatSince else { return }
        if growth == 0 {
            // What stops later, stops for another reason: sending hours, or a list that is through.
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

    /// Whether what is counted while emails may be in transit is more than that.
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
        // A minute after the pause it leaves as fast as before.
        let isUndiminished = growth >= Standstill.growthMin && growth >= paceMin * elapsed.seconds / 2
        return now - since >= Standstill.drainMin && isUndiminished ? .goesOn : .still
    }
}
