extension Evaluation {
    /// The comparison that best explains the outcome: a ratio that holds, else the first that holds, else the first
    /// that is unknown.
    package var decisive: Finding? {
        let holding = findings.filter { $0.truth == .yes }
        return holding.first { $0.comparison.unit == .ratio } ?? holding.first
            ?? findings.first { $0.truth == .unknown } ?? findings.first
    }
}
