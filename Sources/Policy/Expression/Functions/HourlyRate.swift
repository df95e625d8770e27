extension Function {
    static let hourlyRate = Function(
        name: "rate", parameters: [.counter, .window],
        result: .number { arguments in
            guard case .counter(let counter) = arguments.first, case .window(let window) = arguments.last else {
                return nil
            }
            return .hourlyIncrease(counter, TimeWindow(window))
        }, unit: .perHour, range: 0...(.infinity), form: "rate(x, 1h)", example: "rate(sent, 1h)",
        summary: "growth of a counter per hour")
}
