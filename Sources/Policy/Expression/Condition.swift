import Model

/// A checked formula: every name is known and every unit fits, so an evaluation can only lack data.
package indirect enum Formula: Hashable, Sendable, Codable {
    case constant(Double)
    case gauge(Gauge)
    /// `bounced / resolved` within the window.
    case bounceRate(Duration)
    case increase(Counter, Duration)
    /// Per hour, over the part of the window that samples cover.
    case rate(Counter, Duration)
    /// Seconds since the last good response.
    case age(Source)
    case negate(Formula)
    case add(Formula, Formula)
    case subtract(Formula, Formula)
    case multiply(Formula, Formula)
    case divide(Formula, Formula)
    /// A bound of Wilson's interval for hits and trials.
    case wilson(WilsonEnd, Formula, Formula, confidence: Double)
}

/// The lower or the upper bound of an interval.
package enum WilsonEnd: String, CaseIterable, Sendable, Codable {
    case lower = "wilson_lower"
    case upper = "wilson_upper"
}

/// How two numbers are compared.
package enum Comparison: String, Sendable, Codable {
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case equal = "=="
    case notEqual = "!="

    package func holds(_ left: Double, _ right: Double) -> Bool {
        switch self {
        case .less: left < right
        case .lessOrEqual: left <= right
        case .greater: left > right
        case .greaterOrEqual: left >= right
        case .equal: left == right
        case .notEqual: left != right
        }
    }

    /// The comparison that holds exactly if this one does not.
    var negated: Comparison {
        switch self {
        case .less: .greaterOrEqual
        case .lessOrEqual: .greater
        case .greater: .lessOrEqual
        case .greaterOrEqual: .less
        case .equal: .notEqual
        case .notEqual: .equal
        }
    }

    /// The same comparison with its sides swapped.
    var mirrored: Comparison {
        switch self {
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .greater: .less
        case .greaterOrEqual: .lessOrEqual
        case .equal, .notEqual: self
        }
    }
}

/// One comparison of numbers, with its source text.
package struct NumberComparison: Hashable, Sendable, Codable {
    package var left: Formula
    package var comparison: Comparison
    package var right: Formula
    package var unit: Unit
    /// The test that decides this comparison if the rule has a `confidence`; nil otherwise.
    package var test: SequentialTest?
    package var leftText: String
    package var rightText: String

    /// The comparison as the policy writes it.
    package var text: String { "\(leftText) \(comparison.rawValue) \(rightText)" }
}

/// How a rule with a `confidence` evaluates its ratio: an ``EProcess`` over the counts since the rule was armed.
package struct SequentialTest: Hashable, Sendable, Codable {
    package var hits: Counter
    package var trials: Counter
    package var limit: Double
    package var confidence: Double

    package var process: EProcess { EProcess(limit: limit, confidence: confidence) }
}

/// One side of a comparison of texts.
package enum TextTerm: Hashable, Sendable {
    case literal(String)
    /// The campaign's label with this name; empty if the campaign has none.
    case label(String)
    /// The pool's tag with this name; empty if the pool has none, unknown if the pool is unknown.
    case poolTag(String)
}

/// A checked condition of a rule.
package indirect enum Condition: Hashable, Sendable {
    case compare(NumberComparison)
    /// Equal, or not equal if `isEqual` is false.
    case compareText(TextTerm, isEqual: Bool, TextTerm)
    case not(Condition)
    case and(Condition, Condition)
    case or(Condition, Condition)
}

extension Condition {
    /// The test of a rule with a `confidence`; nil if it has none.
    package var test: SequentialTest? {
        switch self {
        case .compare(let comparison): comparison.test
        case .compareText: nil
        case .not(let inner): inner.test
        case .and(let left, let right), .or(let left, let right): left.test ?? right.test
        }
    }

    /// Calls `visit` with every formula in the condition, from left to right.
    package func visitFormulas(_ visit: (Formula) -> Void) {
        switch self {
        case .compare(let comparison):
            comparison.left.visit(visit)
            comparison.right.visit(visit)
        case .compareText: break
        case .not(let inner): inner.visitFormulas(visit)
        case .and(let left, let right), .or(let left, let right):
            left.visitFormulas(visit)
            right.visitFormulas(visit)
        }
    }

    /// Every window that the condition uses.
    package var windows: Set<Duration> { Set(windowedCounters.keys) }

    /// Every window that the condition uses, with the counters it reads in it.
    package var windowedCounters: [Duration: Set<Counter>] {
        var windows: [Duration: Set<Counter>] = [:]
        visitFormulas { formula in
            switch formula {
            case .bounceRate(let window): windows[window, default: []].formUnion([.bounced, .resolved])
            case .increase(let counter, let window), .rate(let counter, let window):
                windows[window, default: []].insert(counter)
            case .constant, .gauge, .age, .negate, .add, .subtract, .multiply, .divide, .wilson: break
            }
        }
        return windows
    }

    /// The API responses that the condition reads.
    package var sources: Set<Source> {
        var sources: Set<Source> = []
        if !poolTags.isEmpty { sources.insert(.pools) }
        visitFormulas { formula in
            switch formula {
            case .gauge(let gauge):
                sources.insert(gauge.source)
                if gauge == .poolActiveSenders { sources.insert(.accounts) }
            case .bounceRate, .increase, .rate: sources.insert(.stats)
            case .age(let source): sources.insert(source)
            case .constant, .negate, .add, .subtract, .multiply, .divide, .wilson: break
            }
        }
        return sources
    }

    /// True if the condition uses `age()`, so that its value changes without a new response.
    package var readsAge: Bool {
        var found = false
        visitFormulas { if case .age = $0 { found = true } }
        return found
    }

    /// The names in the condition that only platforms with listable pools supply.
    package var rosterNames: [String] {
        var names = poolTags.sorted().map { "pool.tag(\"\($0)\")" }
        visitFormulas { formula in
            guard case .gauge(let gauge) = formula, [.poolAge, .poolUpdated].contains(gauge) else { return }
            names.append(gauge.rawValue)
        }
        return names
    }

    /// True if the condition reads a rate that the platform computes, which recordings of counters lack.
    package var readsPlatformRates: Bool {
        var found = false
        visitFormulas { formula in
            if case .gauge(.openRate) = formula { found = true }
            if case .gauge(.replyRate) = formula { found = true }
        }
        return found
    }

    /// The names of the labels that the condition reads.
    package var labels: Set<String> {
        Set(textTerms.compactMap { if case .label(let name) = $0 { name } else { nil } })
    }

    /// The names of the pool tags that the condition reads.
    package var poolTags: Set<String> {
        Set(textTerms.compactMap { if case .poolTag(let name) = $0 { name } else { nil } })
    }

    private var textTerms: Set<TextTerm> {
        switch self {
        case .compare: []
        case .compareText(let left, _, let right): [left, right]
        case .not(let inner): inner.textTerms
        case .and(let left, let right), .or(let left, let right): left.textTerms.union(right.textTerms)
        }
    }
}

extension Formula {
    /// Calls `visit` with this formula and every formula inside it.
    package func visit(_ visit: (Formula) -> Void) {
        visit(self)
        switch self {
        case .constant, .gauge, .bounceRate, .increase, .rate, .age: break
        case .negate(let inner): inner.visit(visit)
        case .add(let left, let right), .subtract(let left, let right), .multiply(let left, let right),
            .divide(let left, let right):
            left.visit(visit)
            right.visit(visit)
        case .wilson(_, let hits, let trials, _):
            hits.visit(visit)
            trials.visit(visit)
        }
    }
}
