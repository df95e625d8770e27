extension Function {
    static let age = Function(
        name: "age", parameters: [.source],
        result: .number { arguments in
            guard case .source(let source) = arguments.first else { return nil }
            return .age(source)
        }, unit: .duration, range: 0...(.infinity), form: "age(stats)", example: "age(stats) > 10m",
        summary: "time since the last good response: `stats`, `pools` or `accounts`", scopes: [.campaign, .pool],
        isPrimitive: true)
}
