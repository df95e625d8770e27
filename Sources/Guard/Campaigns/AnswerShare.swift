/// The share of usable responses among a campaign's latest ones.
///
/// Partial failure is a state of its own: the API is reachable and the stats are not stale.
package struct AnswerShare: Hashable, Sendable {
    enum Change: Hashable, Sendable {
        case degraded, steady
    }

    /// The number of latest responses that count.
    static let span = 20
    /// The fewest responses that allow a conclusion.
    private static let answersMin = 10
    /// The fewest separate outages; a single one is not partial failure.
    private static let outagesMin = 3
    /// The campaign is steady again with at most this many unusable responses.
    private static let steadyMax = 2

    /// The newest response in the lowest bit; 1 is unusable.
    private var unusable: UInt32 = 0
    package private(set) var count = 0
    package private(set) var isDegraded = false

    /// The unusable responses among the latest.
    package var unusableCount: Int { unusable.nonzeroBitCount }

    /// Notes a response and returns the change; nil if there is none.
    mutating func note(isUsable: Bool) -> Change? {
        unusable = (unusable << 1 | (isUsable ? 0 : 1)) & (1 << UInt32(AnswerShare.span) - 1)
        count = min(count + 1, AnswerShare.span)
        // While no response is usable, stale stats are reported instead.
        guard isUsable else { return nil }
        if isDegraded {
            guard count == AnswerShare.span, unusableCount <= AnswerShare.steadyMax else { return nil }
            isDegraded = false
            return .steady
        }
        // A 1 whose older neighbour is a 0 begins an outage.
        let outages = (unusable & ~(unusable >> 1)).nonzeroBitCount
        guard count >= AnswerShare.answersMin, unusableCount * 2 >= count, outages >= AnswerShare.outagesMin else {
            return nil
        }
        isDegraded = true
        return .degraded
    }
}
