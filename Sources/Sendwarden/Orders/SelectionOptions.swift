import ArgumentParser

/// The arguments of orders that can select campaigns by labels.
struct SelectionOptions: ParsableArguments {
    @Option(
        name: .customLong("label"),
        help: ArgumentHelp(
            "Select the campaigns with this label; can be repeated, and all must match.", valueName: "name=text"))
    var labels: [String] = []

    @Flag(help: "Select all campaigns.")
    var all = false

    @Flag(help: "Give the order to the selected campaigns without asking for confirmation.")
    var yes = false

    func validate() throws {
        for label in labels where LabelOption.pair(label) == nil { throw LabelOption.error(label) }
        let names = labels.compactMap { LabelOption.pair($0)?.name }
        if let name = names.first(where: { name in names.count { $0 == name } > 1 }) {
            throw ValidationError("--label \(name) is given twice, and a campaign has one text for each label.")
        }
        if all, !labels.isEmpty { throw ValidationError("--all and --label cannot be combined.") }
        if yes, !isUsed { throw ValidationError("--yes is for --label and --all.") }
    }

    var isUsed: Bool { all || !labels.isEmpty }

    /// `with team=sales`.
    var text: String { labels.isEmpty ? "" : " with \(labels.joined(separator: ", "))" }
}

/// A label as an option has it: `team=sales`.
enum LabelOption {
    static func pair(_ label: String) -> (name: String, text: String)? {
        guard let sign = label.firstIndex(of: "=") else { return nil }
        let (name, text) = (String(label[..<sign]), String(label[label.index(after: sign)...]))
        return name.isEmpty || text.isEmpty ? nil : (name, text)
    }

    static func error(_ label: String) -> ValidationError {
        ValidationError("--label \(label): write a name, '=' and a text, such as team=sales.")
    }

    static func labels(_ labels: [String]) -> [String: String] {
        Dictionary(labels.compactMap(pair), uniquingKeysWith: { _, last in last })
    }
}
