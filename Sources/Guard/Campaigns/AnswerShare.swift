/// How many of the latest answers about one campaign could be used.
///
/// Partial failure is a state of its own: the API as such is up, so that it is neither unreachable nor the numbers stale.
package struct AnswerShare: Hashable, Sendable {
    enum Change: Hashable, Sendable {
        case degraded, steady
    }

    /// So many of the latest answers count.
    static let span = 20
    /// At least so many answers are needed to say anything.
    private static let answersMin = 10
    /// Usable and unusable ones must have alternated this often: one outage is no partial failure.
    private static let outagesMin = 3
    /// It is over when no more than this many of the latest answers were unusable.
    private static let steadyMax = 2

    /// The newest answer in the lowest bit, 1 where it could not be used.
    private var unusable: UInt32 = 0
    package private(set) var count = 0
    package private(set) var isDegraded = false

    /// Of the latest answers, those that could not be used.
    package var unusableCount: Int { unusable.nonzeroBitCount }

    /// Takes an answer in; what it changed, if anything.
    mutating func note(isUsable: Bool) -> Change? {
        unusable = (unusable << 1 | (isUsable ? 0 : 1)) & (1 << UInt32(AnswerShare.span) - 1)
        count = min(count + 1, AnswerShare.span)
        // Where nothing can be used, that is reported as such.
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
