extension Registry {
    /// The tables of names and functions in the policy reference, as Markdown.
    package static var reference: String {
        let names = names.map { "| `\($0.gauge.rawValue)` | \($0.unit.title) | \($0.summary) |" }
        let functions = functions.map { "| `\($0.form)` | \($0.unitTitle) | \($0.summary) |" }
        return (["| name | unit | meaning |", "|---|---|---|"] + names).joined(separator: "\n") + "\n\n"
            + (["| function | unit | meaning |", "|---|---|---|"] + functions).joined(separator: "\n")
    }
}
