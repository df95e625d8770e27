import Model
import Policy

/// The cumulative counters of one sample; NaN where the answer did not say.
struct Counters: Hashable, Sendable {
    var totalEnrolled: Double
    var sent: Double
    var delivered: Double
    var bounced: Double
    var replied: Double

    init(_ stats: CampaignStats) {
        func value(_ count: Int?) -> Double { count.map(Double.init) ?? .nan }
        totalEnrolled = value(stats.totalEnrolled)
        sent = value(stats.sent)
        delivered = value(stats.delivered)
        bounced = value(stats.bounced)
        replied = value(stats.replied)
    }

    subscript(counter: Counter) -> Double {
        switch counter {
        case .totalEnrolled: totalEnrolled
        case .sent: sent
        case .delivered: delivered
        case .bounced: bounced
        case .replied: replied
        case .resolved: delivered + bounced
        }
    }

    /// Adds the other's counters where both are known.
    mutating func add(_ other: Counters) {
        totalEnrolled += other.totalEnrolled
        sent += other.sent
        delivered += other.delivered
        bounced += other.bounced
        replied += other.replied
    }

    /// Takes the other's counters off where both are known.
    mutating func subtract(_ other: Counters) {
        totalEnrolled -= other.totalEnrolled
        sent -= other.sent
        delivered -= other.delivered
        bounced -= other.bounced
        replied -= other.replied
    }

    /// Adds to one counter; resolved mails are the sum of two.
    mutating func add(_ amount: Double, to counter: Counter) {
        switch counter {
        case .totalEnrolled: totalEnrolled += amount
        case .sent: sent += amount
        case .delivered: delivered += amount
        case .bounced: bounced += amount
        case .replied: replied += amount
        case .resolved: break
        }
    }

    /// True where these show that the platform's counters began anew since the others.
    ///
    /// They did if `sent` (or where that is unknown, the resolved mails) fell below half of what it was. A smaller
    /// fall is a correction, or an answer from a replica that lags: the reported values are taken as they are.
    func beganAnew(since before: Counters) -> Bool {
        let (old, new) = sent.isNaN || before.sent.isNaN ? (before[.resolved], self[.resolved]) : (before.sent, sent)
        return new < old / 2
    }

    /// Replaces what is unknown here by what the other knows.
    mutating func fill(from other: Counters) {
        if totalEnrolled.isNaN { totalEnrolled = other.totalEnrolled }
        if sent.isNaN { sent = other.sent }
        if delivered.isNaN { delivered = other.delivered }
        if bounced.isNaN { bounced = other.bounced }
        if replied.isNaN { replied = other.replied }
    }

    /// How much a counter grew between two answers; nil where either does not say.
    static func growth(of counter: Counter, from before: CampaignStats, to after: CampaignStats) -> Double? {
        let growth = Counters(after)[counter] - Counters(before)[counter]
        return growth.isNaN ? nil : max(0, growth)
    }

    static let zero = Counters(CampaignStats(totalEnrolled: 0, sent: 0, delivered: 0, bounced: 0, replied: 0))
}

/// The samples of one campaign that one window length needs, and no more.
///
/// Appending is amortised O(1), asking O(1), memory bounded: older samples lie at least a 240th of the window
/// apart, the newest is always kept as it came.
struct CounterWindow: Sendable {
    /// How many samples a window is resolved into; its edge is interpolated between two of them.
    static let resolution = 240

    private struct Sample {
        var at: Instant
        var counters: Counters
    }

    let length: Duration
    private let spacing: Duration
    private var samples: [Sample] = []
    /// Where the window begins in ``samples``; what lies before it is dropped now and then.
    private var head = 0

    init(length: Duration) {
        self.length = length
        spacing = .milliseconds(length.milliseconds / Int64(CounterWindow.resolution))
    }

    /// Takes in a sample; one that is not newer than the last replaces it.
    mutating func append(_ counters: Counters, at now: Instant) {
        let count = samples.count
        let isCrowded = count - head >= 2 && now - samples[count - 2].at < spacing
        if count > head, isCrowded || now <= samples[count - 1].at {
            samples[count - 1] = Sample(at: max(now, samples[count - 1].at), counters: counters)
        } else {
            samples.append(Sample(at: now, counters: counters))
        }
        let start = now - length
        while samples.count - head > 2, samples[head + 1].at <= start { head += 1 }
        if head > 64, head * 2 > samples.count {
            samples.removeFirst(head)
            head = 0
        }
    }

    /// How much the counter grew in the window that ends with the newest sample.
    ///
    /// Nil with fewer than two samples or where an end is unknown. Growth is never negative: a platform may
    /// correct a counter downwards by a few.
    func increase(of counter: Counter) -> Increase? {
        guard let last = samples.last, samples.count - head >= 2 else { return nil }
        let start = last.at - length
        let first = samples[head]
        var base = first.counters[counter]
        var covered = last.at - first.at
        if first.at < start {
            let next = samples[head + 1]
            if next.at <= start {
                base = next.counters[counter]
            } else {
                base += (next.counters[counter] - base) * ((start - first.at) / (next.at - first.at))
            }
            covered = length
        }
        let amount = last.counters[counter] - base
        guard !amount.isNaN, covered > .zero else { return nil }
        return Increase(amount: max(0, amount), covered: covered)
    }
}

extension CounterWindow {
    /// The bounce rate within each of so many equal parts of the window, oldest first; nil where nothing is known.
    func trend(_ count: Int) -> [Double?] {
        guard let last = samples.last, samples.count - head >= 2 else { return [] }
        let start = last.at - length
        let bounds = (0...count).map { counters(at: start + length * $0 / count) }
        return zip(bounds, bounds.dropFirst()).map { before, after in
            guard let before, let after else { return nil }
            let (bounced, resolved) = (after.bounced - before.bounced, after[.resolved] - before[.resolved])
            return resolved > 0 && bounced >= 0 ? bounced / resolved : nil
        }
    }

    /// The newest sample at that time or before; nil before the first.
    private func counters(at time: Instant) -> Counters? {
        var (low, high) = (head, samples.count)
        while low < high {
            let middle = (low + high) / 2
            if samples[middle].at <= time { low = middle + 1 } else { high = middle }
        }
        return low > head ? samples[low - 1].counters : nil
    }
}

/// All windows that the rules of one campaign ask for, over counters that never fall.
struct SampleHistory: Sendable {
    private var windows: [Duration: CounterWindow] = [:]
    /// What was counted before the counters last began anew.
    private var offset = Counters.zero
    /// The last known value of each counter as the platform reported it.
    private var last: Counters?

    init(windows: Set<Duration>) {
        for length in windows { self.windows[length] = CounterWindow(length: length) }
    }

    /// Keeps the windows that are still asked for, and begins the new ones.
    mutating func rearrange(_ lengths: Set<Duration>) {
        windows = windows.filter { lengths.contains($0.key) }
        for length in lengths where windows[length] == nil { windows[length] = CounterWindow(length: length) }
    }

    /// Takes in a sample; true where it shows that the counters began anew.
    mutating func append(_ stats: CampaignStats, at now: Instant) -> Bool {
        var counters = Counters(stats)
        var wasReset = false
        if let last {
            if counters.beganAnew(since: last) {
                wasReset = true
                var counted = last
                counted.fill(from: .zero)
                offset.add(counted)
            }
            self.last = counters
            self.last?.fill(from: last)
        } else {
            last = counters
        }
        counters.add(offset)
        for length in windows.keys { windows[length]?.append(counters, at: now) }
        return wasReset
    }

    func increase(of counter: Counter, over window: Duration) -> Increase? {
        windows[window]?.increase(of: counter)
    }

    func trend(_ window: Duration, _ count: Int) -> [Double?] { windows[window]?.trend(count) ?? [] }
}
