import Model
import Policy

/// Tells counters that restarted from an answer of a replica that is behind: later answers decide which.
///
/// Until then an answer whose counters fell is as good as none. Counters that grow from there have restarted, and so have
/// those that stay.
struct CounterFalls: Hashable, Sendable {
    enum Finding: Hashable, Sendable {
        case usable
        case doubtful
        /// Confirmed: they restarted, and this was the first answer that showed it.
        indirect case restarted(StatsSample)
    }

    /// So many answers in a row with fallen counters are no accident.
    private static let answersMin = 3

    /// The first answer that showed a fall; nil where none is open.
    private var first: StatsSample?
    private var answers = 0

    /// Counters fell, and whether they restarted is not known yet.
    var isOpen: Bool { first != nil }

    /// Takes an answer in.
    ///
    /// - Parameter last: the last known value of each counter, from usable answers.
    mutating func note(_ sample: StatsSample, since last: Counters) -> Finding {
        guard Counters(sample.stats).restarted(since: last) else {
            if first != nil { (first, answers) = (nil, 0) }
            return .usable
        }
        let first = first ?? sample
        answers += 1
        let hasGrown = Counters(sample.stats).growth(of: .sent, since: Counters(first.stats)).map { $0 > 0 } ?? false
        guard hasGrown || answers >= CounterFalls.answersMin else {
            self.first = first
            return .doubtful
        }
        (self.first, answers) = (nil, 0)
        return .restarted(first)
    }
}
