import Model

/// How far a platform's stamps, such as `pausedAt`, are off the clock of its answers.
///
/// A stamp from before our request means that someone else acted first, but the machine that stamps and the one that
/// answers may have different clocks. How far they are apart is learned from the platform's answers to our own actions.
struct StampSkew: Codable, Hashable, Sendable {
    /// How much older than its request a stamp of our own may seem before anything is learned.
    static let allowance: Duration = .seconds(5)
    /// What is learned is true to within this.
    private static let spread: Duration = .seconds(2)
    /// An older stamp is an older action, not a skewed clock.
    private static let learnMax: Duration = .seconds(60)
    /// So many offsets are remembered, and needed.
    private static let count = (min: 3, max: 9)

    /// In milliseconds, newest last.
    private var offsets: [Int64] = []

    /// Takes in by how much a stamp of an action of ours differs from its request.
    mutating func note(_ offset: Duration) {
        guard offset >= .zero - StampSkew.learnMax, offset <= StampSkew.learnMax else { return }
        offsets.append(offset.milliseconds)
        if offsets.count > StampSkew.count.max { offsets.removeFirst() }
    }

    /// How much a stamp of our own may differ from its request at the least; below zero is older.
    ///
    /// Clocks differ by the same again and again, and people do not: only offsets that agree are learned from. A request
    /// takes its time as well, so the lowest of them counts.
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
