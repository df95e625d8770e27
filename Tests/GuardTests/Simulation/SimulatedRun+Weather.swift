import Model
import TestSupport

/// The faults of a simulated run, and the facts about each stop.
extension SimulatedRun {
    struct Weather {
        /// The share of requests that fail.
        var faults = 0.0
        /// The share of answers that lack a field.
        var gaps = 0.0
        var latencyMax: Duration = .seconds(2)
        /// The share of events at which the process is killed.
        var crashes = 0.0
        /// The share of polls that a lagging replica answers with its previous answer.
        var lags = 0.0
        /// The shares of events after which the policy is changed, and after which the wall clock is set.
        var changes = 0.0
        /// The share of events after which launches or a campaign leave the policy for some minutes.
        var drops = 0.0
        /// The share of events after which a person gives an order.
        var orders = 0.0
        /// The share of starts and resumes that take long to store.
        var slowWrites = 0.0
        /// The share of unusable answers about campaigns, in addition to `faults`.
        var sparse = 0.0
        /// The share of single answers about campaigns in which all counters are 0.
        var zeros = 0.0
        /// The share of pauses that the platform confirms but does not execute.
        var ineffective = 0.0
        /// The platform's `Retry-After`.
        var retryAfter: Duration = .seconds(60)
        /// The share of events after which the log reader stops or continues.
        var readers = 0.0
        /// The share of answers about campaigns with which a counter begins to be missing, for up to six hours.
        var omissions = 0.0
        /// The difference between the platform's action timestamps and its Date header.
        var skew: Duration = .zero
        /// By how much that difference grows in a second.
        var drift = 0.0
        /// The share of polls from which on a replica answers a whole run of polls with a much older answer.
        var stuck = 0.0
        /// The share of polls from which on a replica is behind by more than half, and returns in two to five steps.
        var returns = 0.0
    }

    /// Where the guard's memory is stored.
    enum Store {
        /// In memory.
        case inMemory
        /// In SQLite, read back after each crash.
        case ledger(path: String)
    }

    /// A counter that the platform leaves out for a while.
    struct Omission {
        enum Counter {
            case bounced, delivered
        }

        var counter: Counter
        var until: Instant
    }

    /// Who stopped a campaign last, according to the world.
    struct Stop {
        /// True also for a person's stop of a campaign that the platform already reported as paused by us.
        var isOurs: Bool
        /// True if no request of ours stopped the campaign.
        var isByAnother = false
        var at: Instant
        /// When the campaign was started again after this stop; nil if it was not.
        var restartedAt: Instant?
        /// False if the campaign sent nothing between its restart and this stop, so that no counter shows either.
        var isVisible = true
    }
}
