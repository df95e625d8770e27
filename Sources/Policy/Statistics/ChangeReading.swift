package import Model
import RealModule

/// What a rule with `within` reads: the evidence for a change, and the most suspicious emails.
package struct ChangeReading: Hashable, Sendable {
    package var logEvidence: Double
    /// The counts since the rule was armed or since the change may have begun, whichever are more suspicious.
    package private(set) var hits: Double
    package private(set) var trials: Double
    /// When the change may have begun; nil if the counts are those since the rule was armed.
    package private(set) var since: Instant?

    /// - Parameter armed: the counts since the rule was armed.
    package init(_ evidence: ChangeEvidence, armed: (hits: Double, trials: Double), _ test: SequentialTest) {
        logEvidence = test.detector?.logEvidence(evidence) ?? -.infinity
        let stretch = (hits: evidence.stretch.hits, trials: evidence.stretch.trials)
        let isArmed = ChangeReading.suspicion(armed, test.limit) >= ChangeReading.suspicion(stretch, test.limit)
        (hits, trials) = isArmed ? armed : stretch
        since = isArmed ? nil : evidence.stretch.since
    }

    /// ln of the likelihood ratio of the observed rate and the limit; 0 if the observed rate is not above the limit.
    private static func suspicion(_ counts: (hits: Double, trials: Double), _ limit: Double) -> Double {
        let (hits, misses) = (counts.hits, counts.trials - counts.hits)
        guard hits > limit * counts.trials else { return 0 }
        func part(_ count: Double, _ rate: Double) -> Double {
            count > 0 ? count * Double.log(count / (counts.trials * rate)) : 0
        }
        return part(hits, limit) + part(misses, 1 - limit)
    }
}

extension SequentialTest {
    /// The detector of a rule with `within`; nil for any other rule.
    package var detector: ChangeDetector? {
        within.map { ChangeDetector(limit: limit, confidence: confidence, within: $0) }
    }

    /// The evidence at which the rule fires.
    package var needed: Double { detector?.needed ?? process.needed }

    /// The result of the comparison that this test decides.
    func finding(of comparison: NumberComparison, _ change: ChangeReading?) -> Finding {
        guard let change, let detector else {
            return Finding(comparison: comparison, left: nil, right: limit, truth: .unknown)
        }
        return Finding(
            comparison: comparison, left: change.trials > 0 ? change.hits / change.trials : nil, right: limit,
            truth: Truth(detector.isEnough(logEvidence: change.logEvidence)),
            evidence: TestEvidence(
                hits: change.hits, trials: change.trials, evidence: EProcess.evidence(change.logEvidence),
                needed: detector.needed, since: change.since))
    }

    /// What the rule promises: `95 % sure`, or `at most 1 % risk of a false alarm in 10000 emails`.
    var confidenceText: String {
        guard let within else { return "\(Ratio(confidence)) sure" }
        return "at most \(Ratio(1 - confidence)) risk of a false alarm in \(within) emails"
    }
}
