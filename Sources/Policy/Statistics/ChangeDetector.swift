package import Model
import RealModule

/// Evidence that a rate rose above a limit at some email, however long it was below before.
///
/// A Shiryaev–Roberts e-detector: likelihood ratios summed over every possible start of the change, and averaged over
/// rates above the limit. While the rate is at most the limit, the evidence is on average at most the number of emails
/// counted, so it reaches `within`/α among the first `within` emails with probability at most α.
/// J. Shin, A. Ramdas, A. Rinaldo, "E-detectors: a nonparametric framework for sequential change detection", New
/// England Journal of Statistics in Data Science 2:2, 2024 (arXiv:2203.03532).
package struct ChangeDetector: Hashable, Sendable {
    /// The odds of the alternatives, in multiples of the limit's odds, evenly spaced on a logarithmic scale.
    ///
    /// The lowest detects 6 % at a limit of 5 %. The highest is moderate: a higher one detects a very bad list a few
    /// dozen emails sooner, but mistakes a short run of bounces in a good list for a change. More alternatives detect
    /// nothing sooner.
    private static let odds = (lowest: 1.2, highest: 2.0, count: 4)
    /// The index of the alternative that estimates where a stretch of bad emails began.
    private static let stretchAlternative = 2

    /// The evidence that the confidence requires.
    package let needed: Double
    private let logNeeded: Double
    /// For each alternative, ln of the likelihood ratio of one hit and of one miss.
    private let alternatives: [Alternative]

    private struct Alternative: Hashable, Sendable {
        var hit: Double
        var miss: Double

        func logRatio(_ hits: Double, _ misses: Double) -> Double { hits * hit + misses * miss }
    }

    /// - Parameters:
    ///   - limit: the highest accepted rate, between 0 and 1 exclusive.
    ///   - confidence: 1 minus the accepted probability of a false detection within `within` emails.
    package init(limit: Double, confidence: Double, within: Int) {
        needed = Double(within) / (1 - confidence)
        logNeeded = Double.log(needed)
        let (lowest, highest, count) = ChangeDetector.odds
        let step = Double.log(highest / lowest) / Double(count - 1)
        alternatives = (0..<count).map { index in
            let ratio = lowest * Double.exp(Double(index) * step)
            let rate = limit * ratio / (1 - limit + limit * ratio)
            return Alternative(
                hit: Double.log(rate / limit), miss: Double.log(onePlus: -rate) - Double.log(onePlus: -limit))
        }
    }

    /// Counts `trials` new emails, of which `hits` are hits; their order is unknown.
    package func count(_ hits: Double, of trials: Double, at now: Instant, in evidence: inout ChangeEvidence) {
        guard trials > 0 else { return }
        let misses = trials - hits
        // A different count means that another version with other alternatives stored the evidence.
        if evidence.levels.count != alternatives.count {
            evidence.levels = Array(repeating: -.infinity, count: alternatives.count)
        }
        let logStarts = Double.log(trials)
        for (index, alternative) in alternatives.enumerated() {
            // The change may start at each email, but their order is unknown, so all starts precede the first outcome.
            let started = ChangeDetector.logSum(evidence.levels[index], logStarts)
            evidence.levels[index] = min(started + alternative.logRatio(hits, misses), ceiling)
        }
        evidence.stretch.count(
            hits, of: trials, at: now, logRatio: alternatives[ChangeDetector.stretchAlternative].logRatio(hits, misses))
    }

    /// ln of the evidence.
    package func logEvidence(_ evidence: ChangeEvidence) -> Double {
        guard let highest = evidence.levels.max() else { return -.infinity }
        let sum = evidence.levels.reduce(0) { $0 + Double.exp($1 - highest) }
        return highest + Double.log(sum / Double(alternatives.count))
    }

    /// True if evidence with this logarithm is as strong as the confidence requires.
    package func isEnough(logEvidence: Double) -> Bool { logEvidence >= logNeeded }

    /// The cap of the evidence, so that a list that recovers ends the detection after a bounded number of emails.
    ///
    /// A lower evidence keeps the bound on false detections.
    private var ceiling: Double { 2 * logNeeded }

    /// ln(e^a + e^b), where `b` is finite.
    private static func logSum(_ a: Double, _ b: Double) -> Double {
        max(a, b) + Double.log(onePlus: Double.exp(min(a, b) - max(a, b)))
    }
}

/// What a ``ChangeDetector`` retains of the emails that it counted.
package struct ChangeEvidence: Hashable, Sendable, Codable {
    /// ln of the evidence for each alternative; empty before the first email.
    fileprivate(set) var levels: [Double] = []
    /// The latest emails that look worse than the limit; for display only.
    package fileprivate(set) var stretch = Stretch()

    package init() {}

    /// The emails since a CUSUM was last at zero, which estimates when the change began.
    package struct Stretch: Hashable, Sendable, Codable {
        package private(set) var hits = 0.0
        package private(set) var trials = 0.0
        /// The time of the sample with the first of them.
        package private(set) var since: Instant?
        private var logRatio = 0.0

        fileprivate mutating func count(_ hits: Double, of trials: Double, at now: Instant, logRatio step: Double) {
            logRatio += step
            if logRatio > 0 {
                since = since ?? now
                self.hits += hits
                self.trials += trials
            } else {
                self = Stretch()
            }
        }
    }
}
