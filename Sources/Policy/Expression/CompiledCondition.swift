import Model

/// The data that a compiled condition is evaluated on; NaN is unknown.
package protocol CompiledReadings {
    func value(of gauge: Gauge) -> Double
    /// How much a counter grew within the window with this index, and how many hours of it samples cover.
    func increase(of counter: Counter, window: Int) -> (amount: Double, hours: Double)
    /// In seconds.
    func age(of source: Source) -> Double
    /// How much a counter grew since the rule was armed.
    func sinceArmed(_ counter: Counter) -> Double
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
        case rate(Counter, window: Int)
        case bounceRate(window: Int)
        case age(Source)
        case negate, add, subtract, multiply, divide
        case compare(Comparison)
        case test(SequentialTest, EProcess)
        case wilson(WilsonEnd, confidence: Double)
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
    package init(_ condition: Condition, windows: [Duration], label: (String) -> String) {
        let indices = Dictionary(uniqueKeysWithValues: windows.enumerated().map { ($1, $0) })
        emit(condition, indices, label)
        depth = steps.count
    }

    private mutating func emit(_ condition: Condition, _ windows: [Duration: Int], _ label: (String) -> String) {
        switch condition {
        case .compare(let comparison):
            if let test = comparison.test { return steps.append(.test(test, test.process)) }
            emit(comparison.left, windows)
            emit(comparison.right, windows)
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

    private mutating func emit(_ formula: Formula, _ windows: [Duration: Int]) {
        func index(_ window: Duration) -> Int {
            guard let index = windows[window] else { preconditionFailure("no index for a window of the condition") }
            return index
        }
        switch formula {
        case .constant(let value): steps.append(.constant(value))
        case .gauge(let gauge): steps.append(.gauge(gauge))
        case .bounceRate(let window): steps.append(.bounceRate(window: index(window)))
        case .increase(let counter, let window): steps.append(.increase(counter, window: index(window)))
        case .rate(let counter, let window): steps.append(.rate(counter, window: index(window)))
        case .age(let source): steps.append(.age(source))
        case .negate(let inner):
            emit(inner, windows)
            steps.append(.negate)
        case .add(let left, let right): emit(left, right, .add, windows)
        case .subtract(let left, let right): emit(left, right, .subtract, windows)
        case .multiply(let left, let right): emit(left, right, .multiply, windows)
        case .divide(let left, let right): emit(left, right, .divide, windows)
        case .wilson(let end, let hits, let trials, let confidence):
            emit(hits, trials, .wilson(end, confidence: confidence), windows)
        }
    }

    private mutating func emit(_ left: Formula, _ right: Formula, _ step: Step, _ windows: [Duration: Int]) {
        emit(left, windows)
        emit(right, windows)
        steps.append(step)
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
                case .rate(let counter, let window):
                    top += 1
                    let increase = readings.increase(of: counter, window: window)
                    stack[top] = known(increase.amount / increase.hours)
                case .bounceRate(let window):
                    top += 1
                    let resolved = readings.increase(of: .resolved, window: window).amount
                    stack[top] = known(readings.increase(of: .bounced, window: window).amount / resolved)
                case .age(let source):
                    top += 1
                    stack[top] = readings.age(of: source)
                case .test(let test, let process):
                    top += 1
                    let (hits, trials) = (readings.sinceArmed(test.hits), readings.sinceArmed(test.trials))
                    stack[top] = hits.isNaN || trials.isNaN ? .nan : process.rejects(hits, of: trials) ? 1 : 0
                case .text(let left, let isEqual, let right):
                    top += 1
                    stack[top] = CompiledCondition.compare(left, right, isEqual, readings)
                case .negate: stack[top] = -stack[top]
                case .not: stack[top] = 1 - stack[top]
                case .add, .subtract, .multiply, .divide, .compare, .and, .or, .wilson:
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
        case .wilson(let end, let confidence):
            let interval = WilsonInterval(left, of: right, confidence: confidence)
            value = (end == .lower ? interval?.lower : interval?.upper) ?? .nan
        case .add: value = left + right
        case .subtract: value = left - right
        case .multiply: value = left * right
        case .divide: value = left / right
        case .constant, .gauge, .increase, .rate, .bounceRate, .age, .text, .negate, .not, .test: value = .nan
        }
        return value.isFinite ? value : .nan
    }
}
