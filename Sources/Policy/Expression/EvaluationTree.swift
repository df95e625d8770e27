import Model

/// The result of a condition, part by part, for display.
package struct EvaluationNode: Codable, Hashable, Sendable {
    /// The part as the policy writes it, or the name of a number inside it.
    package var text: String
    /// Its values; nil for a part that only combines others.
    package var value: String?
    /// `true`, `false` or `unknown`; nil for a number.
    package var outcome: String?
    package var parts: [EvaluationNode]

    init(_ text: String, value: String? = nil, outcome: Truth? = nil, parts: [EvaluationNode] = []) {
        self.text = text
        self.value = value
        self.outcome = outcome?.word
        self.parts = parts
    }
}

extension EvaluationNode {
    /// The parts from top to bottom, each indented below its parent.
    package func rows(depth: Int = 0) -> [(text: String, outcome: String, value: String)] {
        [(String(repeating: "  ", count: depth) + text, outcome ?? "", value ?? "")]
            + parts.flatMap { $0.rows(depth: depth + 1) }
    }
}

extension Truth {
    /// As displayed.
    package var word: String {
        switch self {
        case .yes: "true"
        case .no: "false"
        case .unknown: "unknown"
        }
    }
}

extension Unit {
    /// The value with its unit: `5.6 %`, `3h`, `120/h`, `480`.
    package func text(_ value: Double) -> String {
        switch self {
        case .ratio: Ratio(value).description
        case .duration: Duration.milliseconds(Int64(min(max(value, -1e12), 1e12) * 1000)).policyText
        case .perHour: DecimalText.shortest(value, decimals: 1) + "/h"
        case .count, .number: DecimalText.shortest(value, decimals: 1)
        }
    }
}

extension Condition {
    /// The condition with the value of each part for `readings`.
    package func tree(_ readings: some Readings) -> EvaluationNode {
        let truth = evaluate(readings).truth
        switch self {
        case .compare(let comparison): return comparison.node(readings, truth)
        case .compareText(let left, let isEqual, let right):
            let text = "\(left.text) \(isEqual ? "==" : "!=") \(right.text)"
            let values = [left, right].map { $0.value(readings).map { "\"\($0)\"" } ?? "unknown" }
            return EvaluationNode(
                text, value: values.joined(separator: isEqual ? " == " : " != "), outcome: truth)
        case .not(let inner): return EvaluationNode("not", outcome: truth, parts: [inner.tree(readings)])
        case .and: return EvaluationNode("all of", outcome: truth, parts: conjuncts.map { $0.tree(readings) })
        case .or: return EvaluationNode("any of", outcome: truth, parts: disjuncts.map { $0.tree(readings) })
        }
    }

    /// The conditions joined by `and`.
    package var conjuncts: [Condition] {
        if case .and(let left, let right) = self { left.conjuncts + right.conjuncts } else { [self] }
    }

    private var disjuncts: [Condition] {
        if case .or(let left, let right) = self { left.disjuncts + right.disjuncts } else { [self] }
    }
}

extension NumberComparison {
    fileprivate func node(_ readings: some Readings, _ truth: Truth) -> EvaluationNode {
        let finding = Condition.compare(self).evaluate(readings).findings.first
        if let test {
            let counts = finding?.evidence
            let needed = DecimalText.shortest(test.needed, decimals: 1)
            func count(_ counter: Counter, _ value: Double?) -> EvaluationNode {
                EvaluationNode(
                    "\(counter.rawValue) \(counts?.spanText ?? "since armed")",
                    value: value.map(Unit.count.text) ?? "unknown")
            }
            return EvaluationNode(
                "\(text), \(test.confidenceText)",
                value: counts?.text ?? "evidence unknown of \(needed) needed", outcome: truth,
                parts: [count(test.hits, counts?.hits), count(test.trials, counts?.trials)])
        }
        let sides = [finding?.left, finding?.right].map { $0.map(unit.text) ?? "unknown" }
        var parts: [EvaluationNode] = []
        for node in left.nodes(readings) + right.nodes(readings) where !parts.contains(node) { parts.append(node) }
        // The value of a single number repeats the comparison's: show its components instead.
        if parts.count == 1 { parts = parts[0].parts }
        return EvaluationNode(
            text, value: "\(sides[0]) \(comparison.rawValue) \(sides[1])", outcome: truth, parts: parts)
    }
}

extension Formula {
    /// The names and calls in the formula with their values and what they are computed from.
    fileprivate func nodes(_ readings: some Readings) -> [EvaluationNode] {
        switch self {
        case .constant: []
        case .gauge(let gauge):
            [gauge.node(readings, parts: gauge.entry.parts.map { $0.node(readings, parts: []) })]
        case .call(let call): [call.node(readings)]
        case .negate(let inner): inner.nodes(readings)
        case .arithmetic(_, let left, let right): left.nodes(readings) + right.nodes(readings)
        }
    }
}

extension Gauge {
    fileprivate func node(_ readings: some Readings, parts: [EvaluationNode]) -> EvaluationNode {
        EvaluationNode(rawValue, value: readings.value(of: self).map(unit.text) ?? "unknown", parts: parts)
    }
}

extension Call {
    fileprivate func node(_ readings: some Readings) -> EvaluationNode {
        if function.isPrimitive { return term.node(readings) ?? EvaluationNode(function.text(arguments)) }
        var parts: [EvaluationNode] = []
        if arguments.contains(where: { if case .number = $0 { true } else { false } }) {
            for case .number(let formula, _) in arguments { parts += formula.nodes(readings) }
        } else {
            term.visitLeaves { leaf in
                if let node = leaf.node(readings), node.text != function.text(arguments) { parts.append(node) }
            }
        }
        let value = term.value(readings).map(unit.text) ?? "unknown"
        return EvaluationNode(function.text(arguments), value: value, parts: parts)
    }
}

extension Term {
    /// The primitive's value; nil for constants and arithmetic.
    fileprivate func node(_ readings: some Readings) -> EvaluationNode? {
        switch self {
        case .constant, .gauge, .wallClock, .negate, .arithmetic, .native: nil
        case .increase(let counter, let window), .hourlyIncrease(let counter, let window):
            Term.node(of: counter, window, readings)
        case .campaignAge:
            EvaluationNode(
                "age(\(CallArgument.campaignName))", value: readings.campaignAge.map(\.spokenText) ?? "unknown")
        case .age(let source):
            EvaluationNode(
                "age(\(source.rawValue))", value: readings.age(of: source).map(\.spokenText) ?? "unknown")
        }
    }

    private static func node(of counter: Counter, _ window: TimeWindow, _ readings: some Readings) -> EvaluationNode {
        let increase = readings.increase(of: counter, over: window)
        var value = increase.map { Unit.count.text($0.amount) } ?? "unknown"
        if let covered = increase?.covered, covered / window.length < 0.995 {
            value += ", \(covered.spokenText) covered by samples"
        }
        let before = window.offset == .zero ? "" : ", ending \(window.offset.windowText) ago"
        return EvaluationNode("\(counter.rawValue) within \(window.length.windowText)\(before)", value: value)
    }
}

extension TextTerm {
    fileprivate var text: String {
        switch self {
        case .literal(let text): "\"\(text)\""
        case .label(let name): "campaign.label(\"\(name)\")"
        case .poolTag(let name): "pool.tag(\"\(name)\")"
        }
    }
}

extension Duration {
    /// The window in hours below three days, in days from there.
    var windowText: String {
        let isWholeHours = milliseconds % 3_600_000 == 0
        return isWholeHours && self < .seconds(3 * 86400) ? "\(milliseconds / 3_600_000)h" : policyText
    }
}
