extension Function {
    static let weekday = Function(
        name: "weekday", parameters: [.timeZone],
        result: .number { arguments in
            guard case .text(let name) = arguments.first, let zone = TimeZoneTable(name) else { return nil }
            return .wallClock { Double(zone.weekday(at: $0)) }
        }, unit: .number, range: 0...6, form: "weekday(\"Europe/Berlin\")",
        example: "weekday(\"Europe/Berlin\") == 0",
        summary: "the current day of the week in a time zone: 0 is Sunday, 6 is Saturday")
}
