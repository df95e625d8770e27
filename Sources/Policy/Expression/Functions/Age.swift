extension Function {
    static let age = Function(
        name: "age", parameters: [.subject],
        result: .number { arguments in
            switch arguments.first {
            case .source(let source): .age(source)
            case .campaign: .campaignAge
            case .counter, .window, .text, .number, nil: nil
            }
        }, unit: .duration, range: 0...(.infinity), form: "age(stats)", example: "age(stats) > 10m",
        summary: "time since the last good response: `stats`, `pools` or `accounts`; or, with `campaign`, since the "
            + "guard's first good response about the campaign",
        scopes: [.campaign, .pool], isPrimitive: true)
}

extension CallArgument {
    /// The argument of `age` that stands for the campaign itself.
    static let campaignName = "campaign"
}

extension Parameter {
    /// A response, or the campaign.
    fileprivate static let subject = Parameter("source", alone: "stats, pools, accounts or campaign") { scope in
        let sources = Source.allCases.filter { scope == .campaign || $0 != .stats }.map(\.rawValue)
        return PatternText.choice(sources + (scope == .campaign ? [CallArgument.campaignName] : []))
    } read: { checker, tree, function in
        guard case .name(let text, _) = tree,
            let argument = text == CallArgument.campaignName
                ? .campaign : Source(rawValue: text).map(CallArgument.source)
        else {
            return checker.refuse(
                "\(function.name) takes \(function.takes)", help: "for example \(function.example)", at: tree.span)
        }
        if checker.scope == .pool, argument == .campaign || argument == .source(.stats) {
            return checker.refuse(
                "a rule on pools cannot use '\(function.name)(\(argument.text))'",
                help: "write \(function.name)(pools)",
                at: tree.span)
        }
        return argument
    }
}
