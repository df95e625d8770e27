import Model
import Policy

/// The longest gap between samples that counts towards a rule's `for`.
///
/// Usually the policy's `max_gap`. A recording that is sparser than that and than the policy's polls, such as a
/// ledger's samples older than two days, gets three times its own spacing, because the guard would have seen samples in
/// between.
struct SampleSpacing: Sendable {
    /// The spacing is the shortest of this many gaps, so that a few outages in a row do not make a recording sparse.
    private static let gapsMax = 4

    private let maxGap: Duration
    /// A spacing above this is sparser than the policy polls, late responses included.
    private let sparseMin: Int64
    private var gaps = SIMD4<Int64>(repeating: 0)
    private var next = 0
    private var lastAt: Instant?

    init(_ policy: CheckedPolicy) {
        maxGap = policy.maxGap
        sparseMin = max(policy.maxGap, policy.poll.statsInterval * 3 / 2).milliseconds
    }

    /// Notes a sample's time and returns the longest gap that counts now.
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
