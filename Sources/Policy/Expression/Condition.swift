import Model

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

    /// True if a higher left side makes the comparison hold.
    package var isRising: Bool {
        switch self {
        case .greater, .greaterOrEqual: true
        case .less, .lessOrEqual, .equal, .notEqual: false
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

/// How a rule with a `confidence` evaluates its ratio: an ``EProcess`` over the counts since the rule was armed, or a
/// ``ChangeDetector`` if the rule has a `within`.
package struct SequentialTest: Hashable, Sendable, Codable {
    package var hits: Counter
    package var trials: Counter
    package var limit: Double
    package var confidence: Double
    /// The number of emails within which the confidence limits false detections; nil counts all emails together.
    package var within: Int?

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

    /// Calls `visit` with every primitive in the condition that reads data, from left to right.
    package func visitLeaves(_ visit: (Term) -> Void) {
        switch self {
        case .compare(let comparison):
            comparison.left.visitLeaves(visit)
            comparison.right.visitLeaves(visit)
        case .compareText: break
        case .not(let inner): inner.visitLeaves(visit)
        case .and(let left, let right), .or(let left, let right):
            left.visitLeaves(visit)
            right.visitLeaves(visit)
        }
    }

    /// Every gauge that the condition reads, from left to right.
    package var gauges: [Gauge] {
        var gauges: [Gauge] = []
        visitLeaves { if case .gauge(let gauge) = $0 { gauges.append(gauge) } }
        return gauges
    }

    /// Every rate that the condition reads, over the campaign's lifetime or within a window.
    var rates: [Rate] {
        var rates: [Rate] = []
        visitFormulas { if let rate = $0.rate?.rate { rates.append(rate) } }
        return rates
    }

    /// Every counter that the condition reads, alone, in a rate or within a window.
    package var counters: Set<Counter> {
        var counters: Set<Counter> = []
        visitLeaves { leaf in
            switch leaf {
            case .gauge(.counter(let counter)), .increase(let counter, _), .hourlyIncrease(let counter, _):
                counters.insert(counter)
            case .gauge(.rate(let rate)): counters.formUnion([rate.hits, rate.trials])
            case .constant, .gauge, .age, .campaignAge, .wallClock, .negate, .arithmetic, .native: break
            }
        }
        return counters
    }

    /// Every window that the condition uses.
    package var windows: Set<TimeWindow> { Set(windowedCounters.keys) }

    /// Every window that the condition uses, with the counters it reads in it.
    package var windowedCounters: [TimeWindow: Set<Counter>] {
        var windows: [TimeWindow: Set<Counter>] = [:]
        visitLeaves { leaf in
            switch leaf {
            case .increase(let counter, let window), .hourlyIncrease(let counter, let window):
                windows[window, default: []].insert(counter)
            case .constant, .gauge, .age, .campaignAge, .wallClock, .negate, .arithmetic, .native: break
            }
        }
        return windows
    }

    /// The API responses that the condition reads.
    package var sources: Set<Source> {
        var sources: Set<Source> = []
        if !poolTags.isEmpty { sources.insert(.pools) }
        visitLeaves { leaf in
            switch leaf {
            case .gauge(let gauge): sources.formUnion(gauge.entry.sources)
            case .increase, .hourlyIncrease, .campaignAge: sources.insert(.stats)
            case .age(let source): sources.insert(source)
            case .constant, .wallClock, .negate, .arithmetic, .native: break
            }
        }
        return sources
    }

    /// True if the condition uses `age()` of a response, so that its value changes without a new response.
    package var readsAge: Bool {
        var found = false
        visitLeaves { if case .age = $0 { found = true } }
        return found
    }

    /// The names in the condition that only platforms with this capability supply.
    package func names(needing ability: Provider.Ability) -> [String] {
        let tags = Function.poolTag.needs == ability ? poolTags.sorted().map { "pool.tag(\"\($0)\")" } : []
        return tags + gauges.filter { $0.entry.needs == ability }.map(\.rawValue)
    }

    /// True if the condition reads a rate that the platform computes, which recordings of counters lack.
    package var readsPlatformRates: Bool { gauges.contains { $0.entry.isPlatformRate } }

    /// The names of the labels that the condition reads.
    package var labels: Set<String> {
        Set(textTerms.compactMap { if case .label(let name) = $0 { name } else { nil } })
    }

    /// The names of the pool tags that the condition reads.
    package var poolTags: Set<String> {
        Set(textTerms.compactMap { if case .poolTag(let name) = $0 { name } else { nil } })
    }

    /// Calls `visit` with both sides of every comparison of numbers and every formula inside them.
    private func visitFormulas(_ visit: (Formula) -> Void) {
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
    fileprivate func visit(_ visit: (Formula) -> Void) {
        visit(self)
        switch self {
        case .constant, .gauge: break
        case .call(let call): for case .number(let inner, _) in call.arguments { inner.visit(visit) }
        case .negate(let inner): inner.visit(visit)
        case .arithmetic(_, let left, let right):
            left.visit(visit)
            right.visit(visit)
        }
    }
}
