import Model
import Policy

/// How far apart samples may lie for the time between them to count towards a rule's `for`.
///
/// The guard's `max_gap`, but for recordings that are sparser than both that and the policy's polls, as a ledger is once its
/// samples are two days old: there it is three times their spacing, as the guard would have seen what lies between.
struct SampleSpacing: Sendable {
    /// The shortest of so many gaps is the spacing: fewer outages in a row do not make a recording sparse.
    private static let gapsMax = 4

    private let maxGap: Duration
    /// Samples further apart than this are sparser than the policy polls, late answers included.
    private let sparseMin: Int64
    private var gaps = SIMD4<Int64>(repeating: 0)
    private var next = 0
    private var lastAt: Instant?

    init(_ policy: CheckedPolicy) {
        maxGap = policy.maxGap
        sparseMin = max(policy.maxGap, policy.poll.statsInterval * 3 / 2).milliseconds
    }

    /// Takes a sample's time in; the longest gap that counts now.
    mutating func observe(at now: Instant) -> Duration {
        if let lastAt, now > lastAt {
            gaps[next] = (now - lastAt).milliseconds
            next = (next + 1) % SampleSpacing.gapsMax
        }
        lastAt = now
        let spacing = gaps.min()
        return spacing > sparseMin ? .milliseconds(spacing * 3) : maxGap
    }
}
