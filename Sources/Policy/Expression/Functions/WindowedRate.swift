extension Function {
    /// The function with the rate's name, which takes a window.
    static func rate(_ rate: Rate) -> Function {
        let (hits, trials) = (rate.hits, rate.trials)
        return Function(
            name: rate.rawValue, parameters: [.window],
            result: .number { arguments in
                guard case .window(let length) = arguments.first else { return nil }
                let window = TimeWindow(length)
                return .arithmetic(.divide, .increase(hits, window), .increase(trials, window))
            }, unit: .ratio, range: 0...1, form: "\(rate.rawValue)(24h)", example: "\(rate.rawValue)(24h)",
            summary: "`\(hits.rawValue) / \(trials.rawValue)` within the window", scopes: [.campaign, .group],
            rate: rate)
    }
}
