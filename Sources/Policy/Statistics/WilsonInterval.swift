import RealModule

/// Wilson's score interval for a rate (Newcombe 1998); valid for one evaluation, not for repeated ones.
package struct WilsonInterval: Hashable, Sendable {
    package let lower: Double
    package let upper: Double

    /// Nil if there are no trials, or more hits than trials.
    ///
    /// - Parameter confidence: of the two-sided interval, 0.95 for example.
    package init?(_ hits: Double, of trials: Double, confidence: Double) {
        guard trials > 0, hits >= 0, hits <= trials, confidence > 0, confidence < 1 else { return nil }
        let z = SpecialFunctions.normalQuantile((1 + confidence) / 2)
        let (rate, square) = (hits / trials, z * z)
        let center = (rate + square / (2 * trials)) / (1 + square / trials)
        let half =
            z * Double.sqrt(rate * (1 - rate) / trials + square / (4 * trials * trials)) / (1 + square / trials)
        lower = hits == 0 ? 0 : max(0, center - half)
        upper = hits == trials ? 1 : min(1, center + half)
    }
}
