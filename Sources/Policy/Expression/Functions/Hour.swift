extension Function {
    static let hour = Function(
        name: "hour", parameters: [.timeZone],
        result: .number { arguments in
            guard case .text(let name) = arguments.first, let zone = TimeZoneTable(name) else { return nil }
            return .wallClock { Double(zone.hour(at: $0)) }
        }, unit: .number, range: 0...23, form: "hour(\"Europe/Berlin\")",
        example: "hour(\"Europe/Berlin\") >= 18",
        summary: "the current hour in a time zone, 0 to 23")
}
