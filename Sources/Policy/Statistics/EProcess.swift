import RealModule

/// Evidence that a rate is above a limit, which may be looked at as often as one likes.
///
/// Against "the rate is at most the limit" it puts a Beta prior cut to the rates above. By Ville's inequality the chance
/// that the evidence ever reaches 1/α, at whichever times it is looked at, is at most α where the rate is at most the
/// limit. Robbins 1970; Howard, Ramdas, McAuliffe and Sekhon, Annals of Statistics 49:2, 2021.
package struct EProcess: Hashable, Sendable {
    /// The rate that is still accepted, 0…1, both excluded.
    package let limit: Double
    /// The chance of ever being wrong that is accepted: 0.05 for a confidence of 95 %.
    package let alpha: Double
    private let a = 1.0
    private let b: Double
    /// ln of what the prior has above the limit, with its B(a, b).
    private let logPrior: Double
    private let (logLimit, logRest): (Double, Double)

    /// The prior is Beta(1, 1/(2·limit) − 1), whose mean is twice the limit: Beta(1, 9) for 5 %.
    package init(limit: Double, confidence: Double) {
        self.limit = limit
        alpha = 1 - confidence
        b = max(1, 1 / (2 * limit) - 1)
        (logLimit, logRest) = (Double.log(limit), Double.log(onePlus: -limit))
        // B(1, b) is 1/b, and what Beta(1, b) has above x is (1 − x)^b.
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

    /// The evidence as a number: 20 is what 95 % confidence asks for.
    package func evidence(_ hits: Double, of trials: Double) -> Double {
        EProcess.evidence(logEvidence(hits, of: trials))
    }

    static func evidence(_ logEvidence: Double) -> Double { Double.exp(logEvidence) }

    /// What the evidence has to reach.
    package var needed: Double { 1 / alpha }

    /// True where the rate is above the limit with that confidence.
    package func rejects(_ hits: Double, of trials: Double) -> Bool {
        // Every rate above the limit explains these numbers worse than the limit itself: no evidence.
        if hits <= limit * trials { return false }
        return isEnough(logEvidence: logEvidence(hits, of: trials))
    }

    /// True where evidence of that logarithm is as strong as the confidence asks for.
    package func isEnough(logEvidence: Double) -> Bool { logEvidence >= -Double.log(alpha) }
}
