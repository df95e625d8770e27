import RealModule

/// The special functions that the statistics need, in double precision.
enum SpecialFunctions {
    /// ln B(a, b).
    static func logBeta(_ a: Double, _ b: Double) -> Double {
        Double.logGamma(a) + Double.logGamma(b) - Double.logGamma(a + b)
    }

    /// ln of the upper tail of a Beta(a, b), P(X > x), for 0 < x < 1.
    ///
    /// Uses the continued fraction of the regularized incomplete beta function on the side where it converges fast, so
    /// that small tails keep their precision.
    static func logBetaUpperTail(_ x: Double, _ a: Double, _ b: Double) -> Double {
        let front = a * Double.log(x) + b * Double.log(onePlus: -x) - logBeta(a, b)
        if x < (a + 1) / (a + b + 2) {
            let lower = Double.exp(front) * continuedFraction(x, a, b) / a
            return Double.log(onePlus: -min(lower, 1))
        }
        return front + Double.log(continuedFraction(1 - x, b, a) / b)
    }

    /// Lentz's method for the continued fraction of the incomplete beta function.
    private static func continuedFraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
        let tiny = 1e-300
        func guarded(_ value: Double) -> Double { value.magnitude < tiny ? tiny : value }
        var numerator = 1.0
        var denominator = 1 / guarded(1 - (a + b) * x / (a + 1))
        var value = denominator
        for step in 1...10_000 {
            let m = Double(step)
            let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
            denominator = 1 / guarded(1 + even * denominator)
            numerator = guarded(1 + even / numerator)
            value *= denominator * numerator
            let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
            denominator = 1 / guarded(1 + odd * denominator)
            numerator = guarded(1 + odd / numerator)
            let change = denominator * numerator
            value *= change
            if (change - 1).magnitude < 1e-15 { break }
        }
        return value
    }

    /// The normal distribution's quantile, for 0 < p < 1: a rational approximation, then one step of Halley's method.
    static func normalQuantile(_ p: Double) -> Double {
        let central = [
            -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.3577518672690, -30.66479806614716,
        ]
        let centralBelow = [
            -54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572,
        ]
        let tail = [
            -0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
        ]
        let tailBelow = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416]
        func polynomial(_ factors: [Double], _ last: Double, _ x: Double) -> Double {
            factors.reduce(0) { $0 * x + $1 } * x + last
        }
        var x: Double
        if p < 0.02425 || p > 1 - 0.02425 {
            let q = Double.sqrt(-2 * Double.log(min(p, 1 - p)))
            x = polynomial(tail, 2.938163982698783, q) / polynomial(tailBelow, 1, q)
            if p > 0.5 { x = -x }
        } else {
            let q = p - 0.5
            let r = q * q
            x = polynomial(central, 2.506628277459239, r) * q / polynomial(centralBelow, 1, r)
        }
        let error = 0.5 * Double.erfc(-x / Double.sqrt(2)) - p
        let step = error * Double.sqrt(2 * .pi) * Double.exp(x * x / 2)
        return x - step / (1 + x * step / 2)
    }
}
