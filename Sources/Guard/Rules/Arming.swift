import Model
import Policy

/// Where a rule with a confidence counts from: the first sample that says all that its test reads.
extension SequentialTest {
    /// True where these counters say all that the test reads, so that it can be armed at them.
    func canCount(from counters: Counters) -> Bool {
        !counters[hits].isNaN && !counters[trials].isNaN
    }
}

extension Counters {
    /// What was counted since a rule was armed; nil where a counter is unknown.
    func evidence(
        _ hits: Counter, of trials: Counter, sinceArmedAt armed: Counters
    ) -> (hits: Double, trials: Double)? {
        guard let hits = growth(of: hits, since: armed), let trials = growth(of: trials, since: armed) else {
            return nil
        }
        // A platform that corrects a counter downwards must not make a part larger than its whole.
        return (min(hits, trials), trials)
    }
}
