import Model

/// The offset between a platform's timestamps, such as `pausedAt`, and the clock of its responses.
///
/// A timestamp before our request means that someone else acted first, but timestamp and response may come from
/// machines with different clocks. The offset is learned from responses to our own actions.
struct StampSkew: Codable, Hashable, Sendable {
    /// How much older than its request a timestamp of our own action may be before anything is learned.
    static let allowance: Duration = .seconds(5)
    /// The tolerance of a learned offset.
    private static let spread: Duration = .seconds(2)
    /// A timestamp further in the past is an earlier action, not a skewed clock.
    private static let behindMax: Duration = .seconds(60)
    /// Nobody acts in the future, so a timestamp ahead shows a skewed clock; beyond this, it is not plausible.
    private static let aheadMax: Duration = .seconds(3600)
    /// The offsets needed before they are used, and the most that are remembered.
    private static let count = (min: 3, max: 9)

    /// In milliseconds, newest last.
    private var offsets: [Int64] = []

    /// Notes the offset of our own action's timestamp from its request.
    mutating func note(_ offset: Duration) {
        guard offset >= .zero - StampSkew.behindMax, offset <= StampSkew.aheadMax else { return }
        offsets.append(offset.milliseconds)
        if offsets.count > StampSkew.count.max { offsets.removeFirst() }
    }

    /// The lowest offset that a timestamp of our own action can have; negative means before the request.
    ///
    /// Clock skew is constant and people are not, so only offsets that agree are used. Requests take time as well, so
    /// the lowest of them counts.
    var earliest: Duration {
        // A clock that is ahead will be corrected.
        guard let known, known.lowest <= StampSkew.allowance else { return .zero - StampSkew.allowance }
        return min(.zero, known.lowest) - StampSkew.spread
    }

    /// The lowest usual offset of a clock that is ahead; nil if it is not known to be.
    var usual: Duration? {
        known.flatMap { $0.lowest > StampSkew.allowance ? $0.lowest - StampSkew.spread : nil }
    }

    /// How far a timestamp of our own action can be ahead; nil while that is unknown.
    var ahead: Duration? { known.map { max(.zero, $0.highest) + StampSkew.spread } }

    /// The lowest and the highest of the offsets that agree; nil if too few do.
    private var known: (lowest: Duration, highest: Duration)? {
        guard offsets.count >= StampSkew.count.min else { return nil }
        let median = offsets.sorted()[offsets.count / 2]
        let agreeing = offsets.filter { abs($0 - median) <= StampSkew.spread.milliseconds }.sorted()
        guard agreeing.count >= StampSkew.count.min, agreeing.count * 3 >= offsets.count * 2,
            let lowest = agreeing.first, let highest = agreeing.last
        else { return nil }
        return (.milliseconds(lowest), .milliseconds(highest))
    }
}
