import Model
import Policy

/// The number of further emails that would make a condition hold.
struct Distance {
    /// `would breach with 3 more bounces in a row`; nil if it depends on more than email counts.
    private(set) var text: String?

    init(_ condition: Condition, _ readings: any Readings) {
        var parts: [String] = []
        var unknown: [String] = []
        for part in condition.conjuncts {
            guard case .compare(let comparison) = part, comparison.test == nil else { return }
            switch Distance.step(part, comparison, readings) {
            case .holds: continue
            case .lacksData: unknown.append("\(comparison.text), which lacks data")
            case .needs(let need): parts.append(need)
            case .unclear: return
            }
        }
        let all = parts + unknown
        text = all.isEmpty ? nil : "would breach with " + all.joined(separator: ", and ")
    }

    private enum Step {
        case holds, lacksData, unclear
        case needs(String)
    }

    private static func step(_ part: Condition, _ comparison: NumberComparison, _ readings: any Readings) -> Step {
        let finding = part.evaluate(readings).findings.first
        switch finding?.truth {
        case .yes: return .holds
        case .unknown, nil: return .lacksData
        case .no: break
        }
        guard comparison.comparison == .greater || comparison.comparison == .greaterOrEqual,
            case .constant(let limit) = comparison.right, let left = finding?.left
        else { return .unclear }
        if let (rate, window) = comparison.left.rate, rate == .bounceRate {
            func count(_ counter: Counter) -> Double? {
                window.map { readings.increase(of: counter, over: $0)?.amount } ?? readings.value(of: counter)
            }
            guard let bounced = count(rate.hits), let resolved = count(rate.trials) else { return .unclear }
            return bounces(bounced, resolved, limit).map { .needs($0) } ?? .unclear
        }
        let more = Unit.count.text((limit - left).rounded(.up))
        switch comparison.left {
        case .gauge(.counter(let counter)): return .needs("\(more) more \(counter.rawValue)")
        case .call(let call):
            guard case .increase(let counter, let window) = call.term, window.offset == .zero else { return .unclear }
            return .needs("\(more) more \(counter.rawValue) within \(window.length.policyText)")
        case .constant, .gauge, .negate, .arithmetic: return .unclear
        }
    }

    /// The least k emails in a row that must bounce so that (b + k) / (r + k) > limit; nil if no number suffices.
    private static func bounces(_ bounced: Double, _ resolved: Double, _ limit: Double) -> String? {
        guard limit < 1 else { return nil }
        let more = max(1, ((limit * resolved - bounced) / (1 - limit)).rounded(.down) + 1)
        return "\(Unit.count.text(more)) more bounce\(more == 1 ? "" : "s") in a row"
    }
}
