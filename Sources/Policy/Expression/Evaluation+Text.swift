import Model

extension Finding {
    /// The comparison with its numbers: `bounceRate(24h) 5.6 % > 5 %`.
    package var text: String {
        if let evidence { return text(evidence) }
        let left = Finding.side(comparison.leftText, comparison.left, left, comparison.unit)
        let right = Finding.side(comparison.rightText, comparison.right, right, comparison.unit)
        return "\(left) \(comparison.comparison.rawValue) \(right)"
    }

    /// The left side with its number: `bounceRate(24h) 5.6 %`.
    package var valueText: String {
        Finding.side(comparison.leftText, comparison.left, left, comparison.unit)
    }

    private func text(_ test: TestEvidence) -> String {
        let rate = left.map(comparison.unit.text) ?? "unknown"
        let limit = comparison.unit.text(right ?? 0)
        func number(_ value: Double) -> String { DecimalText.shortest(value, decimals: 1) }
        let bound = comparison.test.flatMap { $0.within == nil ? nil : " for \($0.confidenceText)" } ?? ""
        return "\(comparison.leftText) \(rate) \(comparison.comparison.rawValue) \(limit) "
            + "(\(number(test.hits)) of \(number(test.trials)) \(test.spanText), \(test.text)\(bound))"
    }

    private static func side(_ text: String, _ formula: Formula, _ value: Double?, _ unit: Unit) -> String {
        if case .constant(let value) = formula { return unit.text(value) }
        return "\(text) \(value.map(unit.text) ?? "unknown")"
    }
}

extension TestEvidence {
    /// Evidence beyond this multiple of what is needed is not printed as a number.
    private static let multipleMax = 1000.0

    /// The evidence and what is needed: `evidence 12.3 of 20 needed`.
    package var text: String {
        let enough = DecimalText.shortest(needed, decimals: 1)
        return evidence > needed * TestEvidence.multipleMax
            ? "evidence over \(Int(TestEvidence.multipleMax)) times the \(enough) needed"
            : "evidence \(TestEvidence.digits(evidence)) of \(enough) needed"
    }

    /// Three significant digits, rounded down so that insufficient evidence does not read as sufficient.
    private static func digits(_ value: Double) -> String {
        var scale = 100.0
        while value * scale >= 1000 { scale /= 10 }
        return DecimalText.shortest((value * scale).rounded(.down) / scale, decimals: 2)
    }
}

extension Evaluation {
    /// Each comparison with its numbers and what came of it.
    package var sentences: [String] { findings.map { "\($0.text): \($0.truth.word)" } }
}
