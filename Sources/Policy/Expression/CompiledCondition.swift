package import Model

/// The data that a compiled condition is evaluated on; NaN is unknown.
package protocol CompiledReadings {
    func value(of gauge: Gauge) -> Double
    /// How much a counter grew within the window with this index, and how many hours of it samples cover.
    func increase(of counter: Counter, window: Int) -> (amount: Double, hours: Double)
    /// In seconds.
    func age(of source: Source) -> Double
    /// Since the first good response about the campaign, in seconds.
    var campaignAgeSeconds: Double { get }
    /// The wall-clock time of the readings; nil if they have none.
    var wallTime: Instant? { get }
    /// How much a counter grew since the rule was armed.
    func sinceArmed(_ counter: Counter) -> Double
    /// ln of the evidence for a change.
    func changeEvidence(_ detector: ChangeDetector) -> Double
    /// The pool's tag; the empty text where the pool has none, nil where the pool is unknown.
    func poolTag(_ name: String) -> String?
}

/// A condition compiled to a flat list of steps, to evaluate millions of samples.
///
/// Its result is that of ``Condition/evaluate(_:)``, without the evidence.
package struct CompiledCondition: Sendable {
    private enum Step: Sendable {
        case constant(Double)
        case gauge(Gauge)
        case increase(Counter, window: Int)
        case hourlyIncrease(Counter, window: Int)
        case age(Source)
        case campaignAge
        case wallClock(@Sendable (Instant) -> Double?)
        case negate
        case arithmetic(Arithmetic)
        case compare(Comparison)
        case test(SequentialTest, EProcess)
        case change(ChangeDetector)
        case native(@Sendable (Double, Double) -> Double?)
        indirect case text(Text, isEqual: Bool, Text)
        case not, and, or
    }

    /// A text whose labels are known.
    private enum Text: Sendable {
        case literal(String)
        case poolTag(String)
    }

    private var steps: [Step] = []
    private var depth = 0

    /// - Parameters:
    ///   - windows: the windows by index; they include every window of the condition.
    ///   - label: returns the campaign's label with the given name.
    package init(_ condition: Condition, windows: [TimeWindow], label: (String) -> String) {
        let indices = Dictionary(uniqueKeysWithValues: windows.enumerated().map { ($1, $0) })
        emit(condition, indices, label)
        depth = steps.count
    }

    private mutating func emit(_ condition: Condition, _ windows: [TimeWindow: Int], _ label: (String) -> String) {
        switch condition {
        case .compare(let comparison):
            if let test = comparison.test {
                return steps.append(test.detector.map { .change($0) } ?? .test(test, test.process))
            }
            emit(comparison.left.term, windows)
            emit(comparison.right.term, windows)
            steps.append(.compare(comparison.comparison))
        case .compareText(let left, let isEqual, let right):
            func text(_ term: TextTerm) -> Text {
                switch term {
                case .literal(let text): .literal(text)
                case .label(let name): .literal(label(name))
                case .poolTag(let name): .poolTag(name)
                }
            }
            steps.append(.text(text(left), isEqual: isEqual, text(right)))
        case .not(let inner):
            emit(inner, windows, label)
            steps.append(.not)
        case .and(let left, let right):
            emit(left, windows, label)
            emit(right, windows, label)
            steps.append(.and)
        case .or(let left, let right):
            emit(left, windows, label)
            emit(right, windows, label)
            steps.append(.or)
        }
    }

    private mutating func emit(_ term: Term, _ windows: [TimeWindow: Int]) {
        func index(_ window: TimeWindow) -> Int {
            guard let index = windows[window] else { preconditionFailure("no index for a window of the condition") }
            return index
        }
        switch term {
        case .constant(let value): steps.append(.constant(value))
        case .gauge(let gauge): steps.append(.gauge(gauge))
        case .increase(let counter, let window): steps.append(.increase(counter, window: index(window)))
        case .hourlyIncrease(let counter, let window): steps.append(.hourlyIncrease(counter, window: index(window)))
        case .age(let source): steps.append(.age(source))
        case .campaignAge: steps.append(.campaignAge)
        case .wallClock(let function): steps.append(.wallClock(function))
        case .negate(let inner):
            emit(inner, windows)
            steps.append(.negate)
        case .arithmetic(let operation, let left, let right):
            emit(left, windows)
            emit(right, windows)
            steps.append(.arithmetic(operation))
        case .native(let function, let left, let right):
            emit(left, windows)
            emit(right, windows)
            steps.append(.native(function))
        }
    }

    /// Evaluates the condition on `readings`.
    package func truth(_ readings: some CompiledReadings) -> Truth {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: depth) { stack in
            var top = -1
            func known(_ value: Double) -> Double { value.isFinite ? value : .nan }
            for step in steps {
                switch step {
                case .constant(let value):
                    top += 1
                    stack[top] = value
                case .gauge(let gauge):
                    top += 1
                    stack[top] = readings.value(of: gauge)
                case .increase(let counter, let window):
                    top += 1
                    stack[top] = readings.increase(of: counter, window: window).amount
                case .hourlyIncrease(let counter, let window):
                    top += 1
                    let increase = readings.increase(of: counter, window: window)
                    stack[top] = known(increase.amount / increase.hours)
                case .age(let source):
                    top += 1
                    stack[top] = readings.age(of: source)
                case .campaignAge:
                    top += 1
                    stack[top] = readings.campaignAgeSeconds
                case .wallClock(let function):
                    top += 1
                    stack[top] = readings.wallTime.flatMap(function) ?? .nan
                case .test(let test, let process):
                    top += 1
                    let (hits, trials) = (readings.sinceArmed(test.hits), readings.sinceArmed(test.trials))
                    stack[top] = hits.isNaN || trials.isNaN ? .nan : process.rejects(hits, of: trials) ? 1 : 0
                case .change(let detector):
                    top += 1
                    let evidence = readings.changeEvidence(detector)
                    stack[top] = evidence.isNaN ? .nan : detector.isEnough(logEvidence: evidence) ? 1 : 0
                case .text(let left, let isEqual, let right):
                    top += 1
                    stack[top] = CompiledCondition.compare(left, right, isEqual, readings)
                case .negate: stack[top] = -stack[top]
                case .not: stack[top] = 1 - stack[top]
                case .arithmetic, .compare, .and, .or, .native:
                    top -= 1
                    stack[top] = CompiledCondition.combine(stack[top], stack[top + 1], step)
                }
            }
            return stack[0].isNaN ? .unknown : Truth(stack[0] != 0)
        }
    }

    private static func compare(
        _ left: Text, _ right: Text, _ isEqual: Bool, _ readings: some CompiledReadings
    ) -> Double {
        func value(_ text: Text) -> String? {
            switch text {
            case .literal(let text): text
            case .poolTag(let name): readings.poolTag(name)
            }
        }
        guard let left = value(left), let right = value(right) else { return .nan }
        return (left == right) == isEqual ? 1 : 0
    }

    private static func combine(_ left: Double, _ right: Double, _ step: Step) -> Double {
        let value: Double
        switch step {
        case .and:
            if left == 0 || right == 0 { return 0 }
            return left.isNaN || right.isNaN ? .nan : 1
        case .or:
            if left == 1 || right == 1 { return 1 }
            return left.isNaN || right.isNaN ? .nan : 0
        case .compare(let comparison):
            if left.isNaN || right.isNaN { return .nan }
            return comparison.holds(left, right) ? 1 : 0
        case .arithmetic(let operation): value = operation.apply(left, right)
        case .native(let function): value = left.isNaN || right.isNaN ? .nan : function(left, right) ?? .nan
        case .constant, .gauge, .increase, .hourlyIncrease, .age, .campaignAge, .wallClock, .text, .negate, .not, .test,
            .change:
            value = .nan
        }
        return value.isFinite ? value : .nan
    }
}
