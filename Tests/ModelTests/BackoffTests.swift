import Model
import Testing

/// The waits between attempts.
@Suite struct BackoffTests {
    private static let full = Backoff(first: .seconds(1), max: .seconds(60), jitter: .full)
    private static let equal = Backoff(first: .seconds(1), max: .seconds(60), jitter: .equal)

    @Test(arguments: [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (1000, 60), (0, 1), (-5, 1)])
    func theWaitDoublesUpToTheMaximum(_ failures: Int, _ seconds: Int) {
        #expect(Self.full.wait(after: failures, random: 1) == .seconds(seconds))
        #expect(Self.equal.wait(after: failures, random: 1) == .seconds(seconds))
    }

    @Test(arguments: [(0.0, 0, 2000), (0.5, 2000, 3000), (1, 4000, 4000), (-1, 0, 2000), (2, 4000, 4000)])
    func jitterShortensTheWait(_ random: Double, _ full: Int, _ equal: Int) {
        #expect(Self.full.wait(after: 3, random: random) == .milliseconds(full))
        #expect(Self.equal.wait(after: 3, random: random) == .milliseconds(equal))
    }
}
