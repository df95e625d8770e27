/// Every name and function of the expression language.
///
/// To add a function, write it in a file of its own under `Functions` and list it here. Checker, evaluators,
/// explanations, JSON Schema, suggestions and the tables of the policy reference are derived from these lists.
package enum Registry {
    /// In the order of the policy reference.
    package static let names: [GaugeEntry] = campaignNames + poolNames + accountNames

    /// In the order of the policy reference.
    package static let functions: [Function] =
        Rate.allCases.map(Function.rate) + [
            .increase, .hourlyRate, .previous, .age, .hour, .weekday, .wilson(.lower), .wilson(.upper), .poolTag,
            .campaignLabel,
        ]

    private static let entries = Dictionary(uniqueKeysWithValues: names.map { ($0.gauge, $0) })
    private static let gauges = Dictionary(uniqueKeysWithValues: names.map { ($0.gauge.rawValue, $0.gauge) })
    private static let functionsByName = Dictionary(uniqueKeysWithValues: functions.map { ($0.name, $0) })

    static func gauge(_ name: String) -> Gauge? { gauges[name] }

    static func function(_ name: String) -> Function? { functionsByName[name] }

    static func entry(_ gauge: Gauge) -> GaugeEntry {
        guard let entry = entries[gauge] else { preconditionFailure("no entry for '\(gauge.rawValue)'") }
        return entry
    }

    /// A help text that suggests the known name that is most likely meant.
    static func helpForUnknown(_ name: String) -> String {
        let known = names.map(\.gauge.rawValue) + functions.map(\.name).filter { gauges[$0] == nil }
        let meant = names.first { $0.synonyms.contains(name) }?.gauge.rawValue ?? NearestName.of(name, in: known)
        return meant.map { "did you mean '\($0)'?" } ?? "names are \(known.joined(separator: ", "))"
    }
}
