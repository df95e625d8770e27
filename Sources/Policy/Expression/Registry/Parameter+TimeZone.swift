extension Parameter {
    static let timeZone = Parameter("time zone") { _ in
        PatternText.quoted
    } read: { checker, tree, function in
        guard case .text(let name, let span) = tree else {
            return checker.refuse(
                "\(function.name) takes one time zone", help: "for example \(function.example)", at: tree.span)
        }
        guard TimeZoneTable(name) != nil else {
            let help = TimeZoneTable.suggestion(for: name, quote: "\"") ?? "for example \(function.example)"
            return checker.refuse(TimeZoneTable.unknown(name), help: help, at: span)
        }
        return .text(name)
    }
}
