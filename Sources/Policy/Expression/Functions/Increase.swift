extension Function {
    static let increase = Function(
        name: "increase", parameters: [.counter, .window],
        result: .number { arguments in
            guard case .counter(let counter) = arguments.first, case .window(let window) = arguments.last else {
                return nil
            }
            return .increase(counter, TimeWindow(window))
        }, unit: .count, range: 0...(.infinity), form: "increase(x, 24h)", example: "increase(bounced, 24h)",
        summary: "growth of a counter: `\(Counter.allCases.map(\.rawValue).joined(separator: " "))`",
        isPrimitive: true)
}
