import Model
import Policy

/// Tells restarted counters from a response of a lagging replica.
///
/// A response whose counters fell is ignored until later ones decide. The counters restarted if they grow from the
/// lower value, or stay there.
struct CounterFalls: Hashable, Sendable {
    enum Finding: Hashable, Sendable {
        case usable
        case doubtful
        /// The counters restarted; carries the first response that showed it.
        indirect case restarted(StatsSample)
    }

    /// This many responses in a row with fallen counters prove a restart.
    private static let answersMin = 3

    /// They last for at least this long: caches and replicas are often behind for less.
    private static let lasting: Duration = .seconds(60)

    /// The first response that showed a fall; nil if no fall is undecided.
    private var first: StatsSample?
    private var answers = 0

    /// True while it is unknown whether fallen counters restarted.
    var isOpen: Bool { first != nil }

    /// Classifies a response.
    ///
    /// - Parameter last: the last known value of each counter in usable responses.
    mutating func note(_ sample: StatsSample, since last: Counters) -> Finding {
        guard Counters(sample.stats).restarted(since: last) else {
            if first != nil { (first, answers) = (nil, 0) }
            return .usable
        }
        let first = first ?? sample
        answers += 1
        let hasGrown = Counters(sample.stats).growth(of: .sent, since: Counters(first.stats)).map { $0 > 0 } ?? false
        let isProven = hasGrown || answers >= CounterFalls.answersMin
        guard isProven, sample.at - first.at >= CounterFalls.lasting else {
            self.first = first
            return .doubtful
        }
        (self.first, answers) = (nil, 0)
        return .restarted(first)
    }
}
