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
        switch comparison.left {
        case .bounceRate(let window):
            guard let bounced = readings.increase(of: .bounced, over: window)?.amount,
                let resolved = readings.increase(of: .resolved, over: window)?.amount
            else { return .unclear }
            return bounces(bounced, resolved, limit).map { .needs($0) } ?? .unclear
        case .gauge(.bounceRate):
            guard let bounced = readings.value(of: .bounced), let resolved = readings.value(of: .resolved) else {
                return .unclear
            }
            return bounces(bounced, resolved, limit).map { .needs($0) } ?? .unclear
        case .gauge(let gauge):
            guard Counter(rawValue: gauge.rawValue) != nil else { return .unclear }
            return .needs("\(Unit.count.text((limit - left).rounded(.up))) more \(gauge.rawValue)")
        case .increase(let counter, let window):
            return .needs(
                "\(Unit.count.text((limit - left).rounded(.up))) more \(counter.rawValue) within \(window.policyText)")
        case .constant, .rate, .age, .negate, .add, .subtract, .multiply, .divide, .wilson: return .unclear
        }
    }

    /// The least k emails in a row that must bounce so that (b + k) / (r + k) > limit; nil if no number suffices.
    private static func bounces(_ bounced: Double, _ resolved: Double, _ limit: Double) -> String? {
        guard limit < 1 else { return nil }
        let more = max(1, ((limit * resolved - bounced) / (1 - limit)).rounded(.down) + 1)
        return "\(Unit.count.text(more)) more bounce\(more == 1 ? "" : "s") in a row"
    }
}
