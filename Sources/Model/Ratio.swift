/// A share, 1 being all; the API calls it a rate.
package struct Ratio: Hashable, Comparable, Sendable {
    package var value: Double

    package init(_ value: Double) {
        self.value = value
    }

    package static func < (left: Ratio, right: Ratio) -> Bool { left.value < right.value }

    /// `part` of `whole`; nil if `whole` is not above 0.
    package init?(_ part: Int, of whole: Int) {
        guard whole > 0 else { return nil }
        value = Double(part) / Double(whole)
    }
}

extension Ratio: CustomStringConvertible {
    /// In percent, with at most one decimal from 1 % on and two below: `5 %`, `5.6 %`, `0.08 %`.
    package var description: String {
        let percent = value * 100
        let decimals = Swift.abs(percent) < 1 ? 2 : 1
        return DecimalText.shortest(percent, decimals: decimals) + " %"
    }
}

/// Formats numbers independently of the locale.
package enum DecimalText {
    /// The value rounded to at most `decimals` places, without trailing zeros.
    package static func shortest(_ value: Double, decimals: Int) -> String {
        guard value.isFinite else { return value.isNaN ? "unknown" : value < 0 ? "-inf" : "inf" }
        var scale = 1.0
        for _ in 0..<decimals { scale *= 10 }
        let scaled = (value * scale).rounded()
        guard Swift.abs(scaled) < 1e15 else { return "\(value)" }
        var digits = String(Int64(Swift.abs(scaled)))
        while digits.count <= decimals { digits = "0" + digits }
        var fraction = String(digits.suffix(decimals))
        while fraction.hasSuffix("0") { fraction.removeLast() }
        let whole = digits.dropLast(decimals)
        let sign = scaled < 0 ? "-" : ""
        return sign + whole + (fraction.isEmpty ? "" : "." + fraction)
    }
}
