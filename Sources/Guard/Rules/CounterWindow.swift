import Model
import Policy

/// The samples of one campaign that a window of one length needs.
///
/// Appending is amortised O(1), reading is O(1) and memory is bounded: older samples are at least 1/240 of the window
/// apart, and the newest is always stored as it came. A row takes four bytes for its time and four for each counter
/// read, because a workspace may have ten thousand campaigns.
struct CounterWindow: Sendable {
    /// The maximum resolution of a window in samples; its start is interpolated between two of them.
    static let resolution = 240
    /// The resolution of a window that ends in the past; its samples also cover the time since its end.
    private static let offsetResolution = 960
    /// The part of a window that ends in the past which samples must cover.
    private static let earlierCoverageMin = 0.95
    /// Rows before the window that accumulate before they are dropped together.
    private static let idleMax = 32
    /// Integers up to this value are exact as `Float`.
    private static let exactMax = Double(1 << 24)
    /// The maximum distance of a row's time from the first row's, in ticks.
    private static let ticksMax = Int64(UInt32.max / 2)

    /// The immutable part, shared by copies of a window.
    private let layout: Layout
    /// Rows of a time and the counters, each as its bit pattern; counters are relative to ``base``.
    private var cells: [UInt32] = []
    /// The row in which the window starts; rows before it are dropped in batches.
    private var head = 0
    /// The time of the first row in milliseconds.
    private var origin: Int64 = 0
    private var lastAt: Int64 = 0
    private var base = Counters.zero

    private final class Layout: Sendable {
        let window: TimeWindow
        /// In milliseconds, like the other durations and times here.
        let length: Int64
        /// How long before the newest sample the window ends.
        let offset: Int64
        /// How far back the window needs samples.
        let span: Int64
        let resolution: Int
        let spacing: Int64
        /// The unit of a row's time.
        let tick: Int64
        let counters: [Counter]
        /// Each counter's index in a row; negative if the window does not store it.
        private let places: SIMD16<Int8>

        init(_ window: TimeWindow, _ asked: Set<Counter>) {
            self.window = window
            (length, offset) = (window.length.milliseconds, window.offset.milliseconds)
            span = length + offset
            resolution = offset == 0 ? CounterWindow.resolution : CounterWindow.offsetResolution
            spacing = span / Int64(resolution)
            tick = max(1, span / (CounterWindow.ticksMax / 4))
            counters = Counter.allCases.filter(asked.contains)
            var places = SIMD16<Int8>(repeating: -1)
            for (index, counter) in counters.enumerated() { places[counter.number] = Int8(index + 1) }
            self.places = places
        }

        var width: Int { counters.count + 1 }

        func index(_ counter: Counter) -> Int? {
            let index = places[counter.number]
            return index < 0 ? nil : Int(index)
        }
    }

    /// - Parameter counters: the counters to store; all others read as unknown.
    init(_ window: TimeWindow, counters: Set<Counter> = Set(Counter.allCases)) { layout = Layout(window, counters) }

    var window: TimeWindow { layout.window }

    var counters: Set<Counter> { Set(layout.counters) }

    // MARK: Rows

    private var count: Int { cells.count / layout.width }

    private func time(_ row: Int) -> Int64 {
        if row == count - 1 { return lastAt }
        return origin + Int64(cells[row * layout.width]) * layout.tick
    }

    private func value(_ row: Int, _ index: Int, _ counter: Counter) -> Double {
        base[counter] + Double(Float(bitPattern: cells[row * layout.width + index]))
    }

    private func ticks(_ time: Int64) -> Int64 { (time - origin) / layout.tick }

    /// Rebases times and counters so that the new row fits; false if it is too far from the others to share their base.
    private mutating func rebase(_ counters: Counters, at now: Int64) -> Bool {
        if ticks(now) > CounterWindow.ticksMax {
            dropIdle()
            let first = Int64(cells[0])
            for row in 0..<count { cells[row * layout.width] -= UInt32(first) }
            origin += first * layout.tick
            if ticks(now) > CounterWindow.ticksMax { return false }
        }
        let isFar = layout.counters.contains { abs(counters[$0] - base[$0]) > CounterWindow.exactMax / 2 }
        guard isFar else { return true }
        var newer = counters
        newer.fill(from: base)
        for row in 0..<count {
            for (index, counter) in layout.counters.enumerated() {
                let value = value(row, index + 1, counter) - newer[counter]
                cells[row * layout.width + index + 1] = Float(value).bitPattern
            }
        }
        base = newer
        return true
    }

    private mutating func dropIdle() {
        cells.removeFirst(head * layout.width)
        head = 0
    }

    /// Appends a sample; one that is not newer than the last replaces it.
    mutating func append(_ counters: Counters, at instant: Instant) {
        let now = instant.milliseconds
        if cells.isEmpty || !rebase(counters, at: now) {
            cells = []
            (head, origin, base) = (0, now, counters)
            base.fill(from: .zero)
        }
        let count = count
        let isCrowded = count - head >= 2 && now - time(count - 2) < layout.spacing
        if count > head, isCrowded || now <= lastAt {
            cells.removeLast(layout.width)
            lastAt = max(now, lastAt)
        } else {
            lastAt = now
            if cells.count == cells.capacity, count >= layout.resolution / 2 {
                cells.reserveCapacity((layout.resolution + CounterWindow.idleMax + 4) * layout.width)
            }
        }
        cells.append(UInt32(max(0, ticks(lastAt))))
        for counter in layout.counters { cells.append(Float(counters[counter] - base[counter]).bitPattern) }
        let start = now - layout.span
        while self.count - head > 2, time(head + 1) <= start { head += 1 }
        if head >= CounterWindow.idleMax { dropIdle() }
    }

    /// The counter's growth in the window.
    ///
    /// Nil with fewer than two samples, if no sample is as old as the window's end, or if the counter is unknown at
    /// either end. Never negative, because a platform may correct a counter downwards slightly.
    func increase(of counter: Counter) -> Increase? {
        growth(of: counter).map { Increase(amount: $0.amount, covered: .milliseconds($0.covered)) }
    }

    /// Like ``increase(of:)``, but with the covered time in milliseconds, for evaluating millions of samples.
    func growth(of counter: Counter) -> (amount: Double, covered: Int64)? {
        guard count - head >= 2, let index = layout.index(counter) else { return nil }
        if layout.offset > 0 { return earlierGrowth(of: counter, index) }
        let start = lastAt - layout.span
        let first = time(head)
        var before = value(head, index, counter)
        var covered = lastAt - first
        if first < start {
            let next = time(head + 1)
            if next <= start {
                before = value(head + 1, index, counter)
            } else {
                let share = Double(start - first) / Double(next - first)
                before += (value(head + 1, index, counter) - before) * share
            }
            covered = layout.span
        }
        let amount = value(count - 1, index, counter) - before
        guard !amount.isNaN, covered > 0 else { return nil }
        return (max(0, amount), covered)
    }
}

extension CounterWindow {
    /// The growth in a window that ends before the newest sample, both ends interpolated.
    private func earlierGrowth(of counter: Counter, _ index: Int) -> (amount: Double, covered: Int64)? {
        let end = lastAt - layout.offset
        let start = max(end - layout.length, time(head))
        // The growth in a part of the window says little about the whole.
        guard Double(end - start) >= Double(layout.length) * CounterWindow.earlierCoverageMin else { return nil }
        let amount = value(at: end, index, counter) - value(at: start, index, counter)
        return amount.isNaN ? nil : (max(0, amount), end - start)
    }

    /// The counter at a time that is not before the first row, interpolated.
    private func value(at time: Int64, _ index: Int, _ counter: Counter) -> Double {
        let row = row(at: time)
        let (before, first) = (value(row, index, counter), self.time(row))
        guard row + 1 < count, first < time else { return before }
        let share = Double(time - first) / Double(self.time(row + 1) - first)
        return before + (value(row + 1, index, counter) - before) * share
    }

    /// The newest row at or before that time; the first row if there is none.
    private func row(at time: Int64) -> Int {
        var (low, high) = (head, count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if self.time(middle) <= time { low = middle } else { high = middle }
        }
        return low
    }

    /// The bounce rate in each of `parts` equal parts of the window, oldest first; nil if unknown.
    func trend(_ parts: Int) -> [Double?] {
        guard count - head >= 2 else { return [] }
        let start = lastAt - layout.span
        let bounds = (0...parts).map { counts(at: start + layout.span * Int64($0) / Int64(parts)) }
        return zip(bounds, bounds.dropFirst()).map { before, after in
            guard let before, let after else { return nil }
            let (bounced, resolved) = (after.bounced - before.bounced, after.resolved - before.resolved)
            return resolved > 0 && bounced >= 0 ? bounced / resolved : nil
        }
    }

    /// The counters of the newest sample at or before `time`; nil before the first.
    private func counts(at time: Int64) -> (bounced: Double, resolved: Double)? {
        var (low, high) = (head, count)
        while low < high {
            let middle = (low + high) / 2
            if self.time(middle) <= time { low = middle + 1 } else { high = middle }
        }
        guard low > head, let bounced = layout.index(.bounced), let resolved = layout.index(.resolved) else {
            return nil
        }
        return (value(low - 1, bounced, .bounced), value(low - 1, resolved, .resolved))
    }
}

extension Counter {
    fileprivate var number: Int {
        switch self {
        case .totalEnrolled: 0
        case .sent: 1
        case .delivered: 2
        case .bounced: 3
        case .replied: 4
        case .resolved: 5
        case .hardBounced: 6
        case .softBounced: 7
        case .complained: 8
        case .unsubscribed: 9
        case .deferred: 10
        }
    }
}
