extension Function {
    /// The lower or the upper bound of an interval.
    enum WilsonEnd: String, Sendable {
        case lower = "wilson_lower"
        case upper = "wilson_upper"
    }

    static func wilson(_ end: WilsonEnd) -> Function {
        let note =
            end == .lower ? " of Wilson's interval for `k` of `n`; valid for one evaluation, not for repeated ones" : ""
        return Function(
            name: end.rawValue, parameters: [.count, .count, .confidence],
            result: .number { arguments in
                guard arguments.count == 3, case .number(let hits, _) = arguments[0],
                    case .number(let trials, _) = arguments[1],
                    case .number(.constant(let confidence), _) = arguments[2]
                else { return nil }
                let bound: @Sendable (Double, Double) -> Double? = { hits, trials in
                    let interval = WilsonInterval(hits, of: trials, confidence: confidence)
                    return end == .lower ? interval?.lower : interval?.upper
                }
                return .native(bound, hits.term, trials.term)
            }, unit: .ratio, range: 0...1, form: "\(end.rawValue)(k, n, 95%)",
            example: "\(end.rawValue)(bounced, resolved, 95%)",
            summary: "the \(end == .lower ? "lower" : "upper") bound\(note)")
    }
}
