extension Duration {
    /// The units of durations in a policy, longest first.
    private static let units: [(name: String, milliseconds: Int64)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]

    /// The longest duration in a policy: ten years, so that sums cannot overflow.
    package static let longest: Duration = .seconds(10 * 365 * 86400)

    /// Reads `500ms`, `90s`, `2m`, `4h`, `7d`, or several in a row such as `1h30m`.
    ///
    /// Nil if a unit is missing, unknown or out of order, or the sum exceeds ``longest``.
    package init?(policyText text: some StringProtocol) {
        var rest = Substring(text)
        var total: Int64 = 0
        var unitsLeft = Duration.units[...]
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest[digits.endIndex...]
            let unit = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest[unit.endIndex...]
            guard let count = Int64(digits),
                let index = unitsLeft.firstIndex(where: { $0.name == unit })
            else { return nil }
            let (product, overflow) = count.multipliedReportingOverflow(by: unitsLeft[index].milliseconds)
            guard !overflow, product <= Duration.longest.milliseconds else { return nil }
            total += product
            unitsLeft = unitsLeft[(index + 1)...]
        }
        guard total <= Duration.longest.milliseconds else { return nil }
        self = .milliseconds(total)
    }

    /// The duration in the policy's notation: `2m`, `1h30m`, `0s`; at most two units.
    package var policyText: String {
        var rest = abs(milliseconds)
        if rest == 0 { return "0s" }
        if rest >= 10_000 { rest = (rest + 500) / 1000 * 1000 }
        var parts: [String] = []
        for unit in Duration.units where rest >= unit.milliseconds && parts.count < 2 {
            parts.append("\(rest / unit.milliseconds)\(unit.name)")
            rest %= unit.milliseconds
        }
        return (milliseconds < 0 ? "-" : "") + parts.joined()
    }
}

private func abs(_ value: Int64) -> Int64 { value == .min ? .max : Swift.abs(value) }

extension Duration {
    /// The duration for messages: rounded to the second, or to the minute from one hour on.
    package var spokenText: String {
        let unit: Int64 = self >= .seconds(3600) ? 60_000 : self >= .seconds(1) ? 1000 : 1
        return Duration.milliseconds((milliseconds + unit / 2) / unit * unit).policyText
    }
}
