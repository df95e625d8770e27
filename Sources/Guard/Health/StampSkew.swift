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
    /// A larger offset is an earlier action, not a skewed clock.
    private static let learnMax: Duration = .seconds(60)
    /// The offsets needed before they are used, and the most that are remembered.
    private static let count = (min: 3, max: 9)

    /// In milliseconds, newest last.
    private var offsets: [Int64] = []

    /// Notes the offset of our own action's timestamp from its request.
    mutating func note(_ offset: Duration) {
        guard offset >= .zero - StampSkew.learnMax, offset <= StampSkew.learnMax else { return }
        offsets.append(offset.milliseconds)
        if offsets.count > StampSkew.count.max { offsets.removeFirst() }
    }

    /// The lowest offset that a timestamp of our own action can have; negative means before the request.
    ///
    /// Clock skew is constant and people are not, so only offsets that agree are used. Requests take time as well, so
    /// the lowest of them counts.
    var earliest: Duration {
        guard offsets.count >= StampSkew.count.min else { return .zero - StampSkew.allowance }
        let median = offsets.sorted()[offsets.count / 2]
        let agreeing = offsets.filter { abs($0 - median) <= StampSkew.spread.milliseconds }
        guard agreeing.count >= StampSkew.count.min, agreeing.count * 3 >= offsets.count * 2 else {
            return .zero - StampSkew.allowance
        }
        return .milliseconds(min(0, agreeing.min() ?? 0)) - StampSkew.spread
    }
}
