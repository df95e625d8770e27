import Model
import Policy

/// The samples of one campaign that one window length needs, and no more.
///
/// Appending is amortised O(1), asking O(1), memory bounded: older samples lie at least a 240th of the window
/// apart, the newest is always kept as it came. A sample takes four bytes for its time and four for each counter that
/// is asked for: a workspace may have ten thousand campaigns.
struct CounterWindow: Sendable {
    /// How many samples a window is resolved into; its edge is interpolated between two of them.
    static let resolution = 240
    /// Rows before the window that may lie around until they are dropped together.
    private static let idleMax = 32
    /// Whole numbers up to here are exact as `Float`.
    private static let exactMax = Double(1 << 24)
    /// A row's time may be so far from the first one's.
    private static let ticksMax = Int64(UInt32.max / 2)

    let length: Duration
    private let spacing: Duration
    /// The unit of a row's time, in milliseconds.
    private let tick: Int64
    private let columns: Columns
    /// Rows of a time and the counters, each as its bits; counters count from ``base``.
    private var cells: [UInt32] = []
    /// The row that the window begins in; what lies before it is dropped now and then.
    private var head = 0
    private var origin = Instant(milliseconds: 0)
    private var lastAt = Instant(milliseconds: 0)
    private var base = Counters.zero

    /// The index of each counter in a row; nil for one that nobody asks for.
    private struct Columns: Sendable {
        private var places = SIMD8<Int8>(repeating: -1)
        private(set) var counters: [Counter] = []

        init(_ asked: Set<Counter>) {
            for counter in Counter.allCases where asked.contains(counter) {
                counters.append(counter)
                places[counter.number] = Int8(counters.count)
            }
        }

        var width: Int { counters.count + 1 }

        func index(_ counter: Counter) -> Int? {
            let index = places[counter.number]
            return index < 0 ? nil : Int(index)
        }
    }

    /// - Parameter counters: those that are asked for; no other is known.
    init(length: Duration, counters: Set<Counter> = Set(Counter.allCases)) {
        self.length = length
        spacing = .milliseconds(length.milliseconds / Int64(CounterWindow.resolution))
        tick = max(1, length.milliseconds / (CounterWindow.ticksMax / 4))
        columns = Columns(counters)
    }

    var counters: Set<Counter> { Set(columns.counters) }

    // MARK: Rows

    private var count: Int { cells.count / columns.width }

    private func time(_ row: Int) -> Instant {
        if row == count - 1 { return lastAt }
        return origin + .milliseconds(Int64(cells[row * columns.width]) * tick)
    }

    private func value(_ row: Int, _ index: Int, _ counter: Counter) -> Double {
        base[counter] + Double(Float(bitPattern: cells[row * columns.width + index]))
    }

    private func ticks(_ time: Instant) -> Int64 { (time - origin).milliseconds / tick }

    /// Makes room in the numbers of a row; false where it is too far from the other rows to be stored with them.
    private mutating func rebase(_ counters: Counters, at now: Instant) -> Bool {
        if ticks(now) > CounterWindow.ticksMax {
            dropIdle()
            let first = Int64(cells[0])
            for row in 0..<count { cells[row * columns.width] -= UInt32(first) }
            origin = origin + .milliseconds(first * tick)
            if ticks(now) > CounterWindow.ticksMax { return false }
        }
        let isFar = columns.counters.contains { abs(counters[$0] - base[$0]) > CounterWindow.exactMax / 2 }
        guard isFar else { return true }
        var newer = counters
        newer.fill(from: base)
        for row in 0..<count {
            for (index, counter) in columns.counters.enumerated() {
                let value = value(row, index + 1, counter) - newer[counter]
                cells[row * columns.width + index + 1] = Float(value).bitPattern
            }
        }
        base = newer
        return true
    }

    private mutating func dropIdle() {
        cells.removeFirst(head * columns.width)
        head = 0
    }

    /// Takes in a sample; one that is not newer than the last replaces it.
    mutating func append(_ counters: Counters, at now: Instant) {
        if cells.isEmpty || !rebase(counters, at: now) {
            cells = []
            (head, origin, base) = (0, now, counters)
            base.fill(from: .zero)
        }
        let count = count
        let isCrowded = count - head >= 2 && now - time(count - 2) < spacing
        if count > head, isCrowded || now <= lastAt {
            cells.removeLast(columns.width)
            lastAt = max(now, lastAt)
        } else {
            lastAt = now
            if cells.count == cells.capacity, count >= CounterWindow.resolution / 2 {
                cells.reserveCapacity((CounterWindow.resolution + CounterWindow.idleMax + 4) * columns.width)
            }
        }
        cells.append(UInt32(max(0, ticks(lastAt))))
        for counter in columns.counters { cells.append(Float(counters[counter] - base[counter]).bitPattern) }
        let start = now - length
        while self.count - head > 2, time(head + 1) <= start { head += 1 }
        if head >= CounterWindow.idleMax { dropIdle() }
    }

    /// How much the counter grew in the window that ends with the newest sample.
    ///
    /// Nil with fewer than two samples or where an end is unknown. Growth is never negative: a platform may
    /// correct a counter downwards by a few.
    func increase(of counter: Counter) -> Increase? {
        guard count - head >= 2, let index = columns.index(counter) else { return nil }
        let start = lastAt - length
        let first = time(head)
        var before = value(head, index, counter)
        var covered = lastAt - first
        if first < start {
            let next = time(head + 1)
            if next <= start {
                before = value(head + 1, index, counter)
            } else {
                before += (value(head + 1, index, counter) - before) * ((start - first) / (next - first))
            }
            covered = length
        }
        let amount = value(count - 1, index, counter) - before
        guard !amount.isNaN, covered > .zero else { return nil }
        return Increase(amount: max(0, amount), covered: covered)
    }
}

extension CounterWindow {
    /// The bounce rate within each of so many equal parts of the window, oldest first; nil where nothing is known.
    func trend(_ parts: Int) -> [Double?] {
        guard count - head >= 2 else { return [] }
        let start = lastAt - length
        let bounds = (0...parts).map { counts(at: start + length * $0 / parts) }
        return zip(bounds, bounds.dropFirst()).map { before, after in
            guard let before, let after else { return nil }
            let (bounced, resolved) = (after.bounced - before.bounced, after.resolved - before.resolved)
            return resolved > 0 && bounced >= 0 ? bounced / resolved : nil
        }
    }

    /// The counters of the newest sample at that time or before; nil before the first.
    private func counts(at time: Instant) -> (bounced: Double, resolved: Double)? {
        var (low, high) = (head, count)
        while low < high {
            let middle = (low + high) / 2
            if self.time(middle) <= time { low = middle + 1 } else { high = middle }
        }
        guard low > head, let bounced = columns.index(.bounced), let resolved = columns.index(.resolved) else {
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
        }
    }
}
