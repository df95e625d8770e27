import RealModule

/// Evidence that a rate is above a limit; it may be evaluated any number of times.
///
/// The alternative to "the rate is at most the limit" is a Beta prior truncated to the rates above it. By Ville's
/// inequality, if the rate is at most the limit, the evidence ever reaches 1/α with probability at most α.
/// Robbins 1970; Howard, Ramdas, McAuliffe and Sekhon, Annals of Statistics 49:2, 2021.
package struct EProcess: Hashable, Sendable {
    /// The highest accepted rate, between 0 and 1 exclusive.
    package let limit: Double
    /// The accepted probability of ever rejecting wrongly: 0.05 for a confidence of 95 %.
    package let alpha: Double
    private let a = 1.0
    private let b: Double
    /// ln of the prior's mass above the limit, times B(a, b).
    private let logPrior: Double
    private let (logLimit, logRest): (Double, Double)

    /// The prior is Beta(1, 1/(2·limit) − 1), whose mean is twice the limit: Beta(1, 9) for 5 %.
    package init(limit: Double, confidence: Double) {
        self.limit = limit
        alpha = 1 - confidence
        b = max(1, 1 / (2 * limit) - 1)
        (logLimit, logRest) = (Double.log(limit), Double.log(onePlus: -limit))
        // B(1, b) is 1/b, and the mass of Beta(1, b) above x is (1 − x)^b.
        logPrior = b * logRest - Double.log(b)
    }

    /// ln E after `hits` of `trials` since the test was armed.
    package func logEvidence(_ hits: Double, of trials: Double) -> Double {
        let misses = trials - hits
        let posterior =
            SpecialFunctions.logBeta(a + hits, b + misses)
            + SpecialFunctions.logBetaUpperTail(limit, a + hits, b + misses)
        return posterior - logPrior - hits * logLimit - misses * logRest
    }

    /// The evidence; a confidence of 95 % requires 20.
    package func evidence(_ hits: Double, of trials: Double) -> Double {
        EProcess.evidence(logEvidence(hits, of: trials))
    }

    static func evidence(_ logEvidence: Double) -> Double { Double.exp(logEvidence) }

    /// The evidence that the confidence requires.
    package var needed: Double { 1 / alpha }

    /// True if the rate is above the limit with the given confidence.
    package func rejects(_ hits: Double, of trials: Double) -> Bool {
        // No rate above the limit is more likely than the limit itself: no evidence.
        if hits <= limit * trials { return false }
        return isEnough(logEvidence: logEvidence(hits, of: trials))
    }

    /// True if evidence with this logarithm is as strong as the confidence requires.
    package func isEnough(logEvidence: Double) -> Bool { logEvidence >= -Double.log(alpha) }
}
