package import Model

/// Kleene's three truth values: missing data is unknown, not false.
package enum Truth: Hashable, Sendable, Codable {
    case yes, no, unknown

    package init(_ value: Bool) { self = value ? .yes : .no }

    package static prefix func ! (truth: Truth) -> Truth {
        switch truth {
        case .yes: .no
        case .no: .yes
        case .unknown: .unknown
        }
    }

    package func and(_ other: Truth) -> Truth {
        if self == .no || other == .no { return .no }
        return self == .yes && other == .yes ? .yes : .unknown
    }

    package func or(_ other: Truth) -> Truth {
        if self == .yes || other == .yes { return .yes }
        return self == .no && other == .no ? .no : .unknown
    }
}

/// How much a counter grew within a window, and how much of the window is covered by samples.
package struct Increase: Hashable, Sendable {
    package var amount: Double
    /// The time that samples cover; above zero and at most the window's length.
    package var covered: Duration

    package init(amount: Double, covered: Duration) {
        self.amount = amount
        self.covered = covered
    }
}

/// The data that a condition is evaluated on; nil is unknown.
package protocol Readings {
    func value(of gauge: Gauge) -> Double?
    func increase(of counter: Counter, over window: TimeWindow) -> Increase?
    func age(of source: Source) -> Duration?
    /// Since the first good response about the campaign; nil before it, and for anything but a campaign.
    var campaignAge: Duration? { get }
    /// The wall-clock time of the readings; nil if they have none.
    var wallTime: Instant? { get }
    /// The campaign's label; empty if it has none.
    func label(_ name: String) -> String
    /// The pool's tag; empty if the pool has none, nil if the pool is unknown.
    func poolTag(_ name: String) -> String?
    /// The counts since the evaluated rule was armed; nil if it was not armed or a counter is unknown.
    func sinceArmed(_ hits: Counter, of trials: Counter) -> (hits: Double, trials: Double)?
    /// What the evaluated rule with `within` reads; nil if it was not armed or a counter is unknown.
    func change() -> ChangeReading?
}

extension Readings {
    package var campaignAge: Duration? { nil }

    package var wallTime: Instant? { nil }

    package func value(of counter: Counter) -> Double? { value(of: .counter(counter)) }

    package func increase(of counter: Counter, over window: Duration) -> Increase? {
        increase(of: counter, over: TimeWindow(window))
    }

    package func poolTag(_ name: String) -> String? { nil }

    package func sinceArmed(_ hits: Counter, of trials: Counter) -> (hits: Double, trials: Double)? { nil }

    package func change() -> ChangeReading? { nil }
}

/// The result of one comparison: the evidence for a decision.
package struct Finding: Hashable, Sendable, Codable {
    package var comparison: NumberComparison
    package var left: Double?
    package var right: Double?
    package var truth: Truth
    /// The evidence of a rule with a `confidence`; nil for any other rule.
    package var evidence: TestEvidence?

    package init(
        comparison: NumberComparison, left: Double?, right: Double?, truth: Truth, evidence: TestEvidence? = nil
    ) {
        self.comparison = comparison
        self.left = left
        self.right = right
        self.truth = truth
        self.evidence = evidence
    }
}

/// The evidence that a rate is above its limit, from counts since the rule was armed or since a change.
package struct TestEvidence: Hashable, Sendable, Codable {
    package var hits: Double
    package var trials: Double
    package var evidence: Double
    package var needed: Double
    /// When the counted emails began, if they are those since a change; nil if they are those since the rule was armed.
    package var since: Instant?
}

extension TestEvidence {
    /// The time since which the emails are counted: `since armed`, or `since 2026-12-01 09:41Z`.
    var spanText: String { since.map { "since \($0.date) \($0.clockTime)" } ?? "since armed" }
}

/// The result of evaluating a condition.
package struct Evaluation: Hashable, Sendable, Codable {
    package var truth: Truth
    /// Every comparison of numbers, from left to right, including those that did not decide the result.
    package var findings: [Finding]
    /// The smallest covered share of a window, 0…1; nil if the condition has no window or no data.
    package var coverage: Double?

    package init(truth: Truth, findings: [Finding], coverage: Double?) {
        self.truth = truth
        self.findings = findings
        self.coverage = coverage
    }
}

extension Condition {
    /// Evaluates the condition on `readings`.
    package func evaluate(_ readings: some Readings) -> Evaluation {
        var evaluator = Evaluator(readings: readings)
        let truth = evaluator.truth(self)
        return Evaluation(truth: truth, findings: evaluator.findings, coverage: evaluator.coverage)
    }
}

extension Formula {
    /// Nil if data is missing or the result is not finite.
    package func value(_ readings: some Readings) -> Double? {
        var evaluator = Evaluator(readings: readings)
        return evaluator.number(self)
    }
}

extension Term {
    /// Nil if data is missing or the result is not finite.
    func value(_ readings: some Readings) -> Double? {
        var evaluator = Evaluator(readings: readings)
        return evaluator.number(self)
    }
}

private struct Evaluator<Source: Readings> {
    let readings: Source
    var findings: [Finding] = []
    var coverage: Double?

    mutating func truth(_ condition: Condition) -> Truth {
        switch condition {
        case .compare(let comparison):
            if let test = comparison.test { return self.truth(test, of: comparison) }
            let (left, right) = (number(comparison.left), number(comparison.right))
            var truth = Truth.unknown
            if let left, let right { truth = Truth(comparison.comparison.holds(left, right)) }
            findings.append(Finding(comparison: comparison, left: left, right: right, truth: truth))
            return truth
        case .compareText(let left, let isEqual, let right):
            guard let first = left.value(readings), let second = right.value(readings) else { return .unknown }
            return Truth((first == second) == isEqual)
        case .not(let inner): return !truth(inner)
        case .and(let left, let right):
            let first = truth(left)
            return first.and(truth(right))
        case .or(let left, let right):
            let first = truth(left)
            return first.or(truth(right))
        }
    }

    /// Decides from the counts since the rule was armed, or from the evidence for a change.
    private mutating func truth(_ test: SequentialTest, of comparison: NumberComparison) -> Truth {
        if test.within != nil {
            let finding = test.finding(of: comparison, readings.change())
            findings.append(finding)
            return finding.truth
        }
        guard let counts = readings.sinceArmed(test.hits, of: test.trials) else {
            findings.append(Finding(comparison: comparison, left: nil, right: test.limit, truth: .unknown))
            return .unknown
        }
        let process = test.process
        let logEvidence = process.logEvidence(counts.hits, of: counts.trials)
        let truth = Truth(process.isEnough(logEvidence: logEvidence))
        findings.append(
            Finding(
                comparison: comparison, left: quotient(counts.hits, counts.trials), right: test.limit, truth: truth,
                evidence: TestEvidence(
                    hits: counts.hits, trials: counts.trials,
                    evidence: min(EProcess.evidence(logEvidence), 1e9), needed: process.needed)))
        return truth
    }

    /// Nil if data is missing or the result is not finite, such as 0/0.
    mutating func number(_ formula: Formula) -> Double? {
        switch formula {
        case .constant(let value): value
        case .gauge(let gauge): finite(readings.value(of: gauge))
        case .call(let call): number(call.term)
        case .negate(let inner): number(inner).map { -$0 }
        case .arithmetic(let operation, let left, let right): apply(operation, number(left), number(right))
        }
    }

    mutating func number(_ term: Term) -> Double? {
        switch term {
        case .constant(let value): value
        case .gauge(let gauge): finite(readings.value(of: gauge))
        case .increase(let counter, let window): finite(increase(counter, window)?.amount)
        case .hourlyIncrease(let counter, let window):
            increase(counter, window).flatMap { quotient($0.amount, $0.covered.hours) }
        case .age(let source): finite(readings.age(of: source)?.seconds)
        case .campaignAge: finite(readings.campaignAge?.seconds)
        case .wallClock(let function): finite(readings.wallTime.flatMap(function))
        case .negate(let inner): number(inner).map { -$0 }
        case .arithmetic(let operation, let left, let right): apply(operation, number(left), number(right))
        case .native(let function, let left, let right): apply(function, number(left), number(right))
        }
    }

    private func apply(_ operation: Arithmetic, _ left: Double?, _ right: Double?) -> Double? {
        guard let left, let right else { return nil }
        return finite(operation.apply(left, right))
    }

    private func apply(_ function: (Double, Double) -> Double?, _ left: Double?, _ right: Double?) -> Double? {
        guard let left, let right else { return nil }
        return finite(function(left, right))
    }

    private func finite(_ value: Double?) -> Double? { value?.isFinite == true ? value : nil }

    private func quotient(_ left: Double?, _ right: Double?) -> Double? {
        apply(.divide, left, right)
    }

    private mutating func increase(_ counter: Counter, _ window: TimeWindow) -> Increase? {
        let increase = readings.increase(of: counter, over: window)
        if let increase { coverage = min(coverage ?? 1, increase.covered / window.length) }
        return increase
    }
}

extension TextTerm {
    /// Nil is unknown.
    func value(_ readings: some Readings) -> String? {
        switch self {
        case .literal(let text): text
        case .label(let name): readings.label(name)
        case .poolTag(let name): readings.poolTag(name)
        }
    }
}
