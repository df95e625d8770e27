import Model
import Policy
import TestSupport
import Testing

/// Thousands of random conditions, evaluated by the program and by an independent reference.
@Suite struct GeneratedExpressionTests {
    /// The reference's model of a count.
    indirect enum Count {
        case literal(Int)
        case name(Gauge)
        case increase(Policy.Counter)
        case add(Count, Count)
        case subtract(Count, Count)
        case scale(Int, Count)
        case negate(Count)

        static func random(_ depth: Int, _ generator: inout SeededGenerator) -> Count {
            switch Int.random(in: 0..<(depth > 0 ? 8 : 3), using: &generator) {
            case 0: .literal([0, 1, 7, 20, 50].randomElement(using: &generator) ?? 1)
            case 1:
                .name(
                    [.sent, .bounced, .queued, .pool(.available), .accounts(.active)].randomElement(using: &generator)
                        ?? .sent)
            case 2: .increase([.sent, .bounced, .resolved].randomElement(using: &generator) ?? .sent)
            case 3, 4: .add(random(depth - 1, &generator), random(depth - 1, &generator))
            case 5: .subtract(random(depth - 1, &generator), random(depth - 1, &generator))
            case 6: .scale(Int.random(in: 2...5, using: &generator), random(depth - 1, &generator))
            default: .negate(random(depth - 1, &generator))
            }
        }

        var text: String {
            switch self {
            case .literal(let value): "\(value)"
            case .name(let gauge): gauge.rawValue
            case .increase(let counter): "increase(\(counter.rawValue), 1h)"
            case .add(let left, let right): "(\(left.text) + \(right.text))"
            case .subtract(let left, let right): "(\(left.text) - \(right.text))"
            case .scale(let factor, let inner): "\(factor) * \(inner.text)"
            case .negate(let inner): "-\(inner.text)"
            }
        }

        func value(_ world: TableReadings) -> Double? {
            switch self {
            case .literal(let value): return Double(value)
            case .name(let gauge): return world.gauges[gauge]
            case .increase(let counter): return world.increases[counter]?.amount
            case .add(let left, let right): return left.value(world).flatMap { a in right.value(world).map { a + $0 } }
            case .subtract(let left, let right):
                return left.value(world).flatMap { a in right.value(world).map { a - $0 } }
            case .scale(let factor, let inner): return inner.value(world).map { $0 * Double(factor) }
            case .negate(let inner): return inner.value(world).map { -$0 }
            }
        }
    }

    indirect enum Claim {
        case compare(Count, String, Count)
        case rate(String, Int)
        case not(Claim)
        case and(Claim, Claim)
        case or(Claim, Claim)

        static func random(_ depth: Int, _ generator: inout SeededGenerator) -> Claim {
            switch Int.random(in: 0..<(depth > 0 ? 7 : 3), using: &generator) {
            case 0, 1:
                .compare(
                    .random(2, &generator), ["<", "<=", ">", ">=", "==", "!="].randomElement(using: &generator) ?? "<",
                    .random(2, &generator))
            case 2:
                .rate(
                    ["<", "<=", ">", ">="].randomElement(using: &generator) ?? "<",
                    Int.random(in: 0...100, using: &generator))
            case 3: .not(random(depth - 1, &generator))
            case 4: .and(random(depth - 1, &generator), random(depth - 1, &generator))
            default: .or(random(depth - 1, &generator), random(depth - 1, &generator))
            }
        }

        var text: String {
            switch self {
            case .compare(let left, let operation, let right): "\(left.text) \(operation) \(right.text)"
            case .rate(let operation, let percent): "bounceRate \(operation) \(percent)%"
            case .not(let inner): "not (\(inner.text))"
            case .and(let left, let right): "(\(left.text)) and (\(right.text))"
            case .or(let left, let right): "(\(left.text)) or (\(right.text))"
            }
        }

        /// -1 false, 0 unknown, 1 true: `and` is then the minimum, `or` the maximum.
        func value(_ world: TableReadings) -> Int {
            switch self {
            case .compare(let left, let operation, let right):
                guard let a = left.value(world), let b = right.value(world) else { return 0 }
                return Claim.holds(a, operation, b) ? 1 : -1
            case .rate(let operation, let percent):
                guard let rate = world.gauges[.bounceRate] else { return 0 }
                return Claim.holds(rate, operation, Double(percent) / 100) ? 1 : -1
            case .not(let inner): return -inner.value(world)
            case .and(let left, let right): return min(left.value(world), right.value(world))
            case .or(let left, let right): return max(left.value(world), right.value(world))
            }
        }

        private static func holds(_ a: Double, _ operation: String, _ b: Double) -> Bool {
            switch operation {
            case "<": a < b
            case "<=": a <= b
            case ">": a > b
            case ">=": a >= b
            case "==": a == b
            default: a != b
            }
        }
    }

    /// Random readings; about a fifth is missing.
    static func randomReadings(_ generator: inout SeededGenerator) -> TableReadings {
        var readings = TableReadings()
        func draw(_ range: ClosedRange<Int>) -> Double? {
            Int.random(in: 0..<5, using: &generator) == 0 ? nil : Double(Int.random(in: range, using: &generator))
        }
        for gauge in [Gauge.sent, .bounced, .queued, .accounts(.active)] { readings.gauges[gauge] = draw(0...60) }
        readings.gauges[.pool(.available)] = draw(-20...60)
        readings.gauges[.bounceRate] = draw(0...100).map { $0 / 100 }
        for counter in [Counter.sent, .bounced, .resolved] {
            readings.increases[counter] = draw(0...60).map { Increase(amount: $0, covered: .seconds(3600)) }
        }
        return readings
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func agreesWithTheReference(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed &* 1_000_003)
        var accepted = 0
        for _ in 0..<60 {
            let claim = Claim.random(3, &generator)
            let outcome = SamplePolicy.outcome(when: claim.text)
            let worlds = (0..<30).map { _ in Self.randomReadings(&generator) }
            let expected = worlds.map(claim.value)
            if let condition = outcome.policy?.rules.first?.condition {
                accepted += 1
                let truths = worlds.map { condition.evaluate($0).truth }
                #expect(truths.map { $0 == .yes ? 1 : $0 == .no ? -1 : 0 } == expected, "\(claim.text)")
                let windows = condition.windows.sorted()
                let compiled = CompiledCondition(condition, windows: windows) { _ in "" }
                #expect(worlds.map { compiled.truth($0) } == truths, "compiled: \(claim.text)")
            } else if outcome.diagnostics.contains(where: { $0.message.contains("can never be true") }) {
                #expect(!expected.contains(1), "refused as never true: \(claim.text)")
            } else if outcome.diagnostics.contains(where: { $0.message.contains("is always true") }) {
                #expect(!expected.contains(-1), "refused as always true: \(claim.text)")
            } else {
                let isTooLong = claim.text.count > 1900 || claim.text.contains("- -")
                let messages = outcome.diagnostics.map(\.message)
                // A sum of literals is a plain number, which may not fit the unit of the other side.
                let isUnitMatter = messages.allSatisfy { $0.contains("plain number") || $0.hasPrefix("cannot ") }
                #expect(isTooLong || isUnitMatter, "\(claim.text): \(messages)")
            }
        }
        #expect(accepted > 20, "too few conditions were accepted")
    }
}
