import Model

/// Refuses rules that read counters which the platforms of their campaigns never report.
struct CounterChecks {
    let reader: FieldReader

    init(_ reader: FieldReader) {
        self.reader = reader
    }

    func check(_ rule: LocatedRule, _ campaigns: [Located<CampaignEntry>], _ workspaces: [Located<Workspace>]) {
        guard rule.rule.trigger != .pool else { return }
        let names = Set(campaigns.map(\.entry).filter(rule.applies).map(\.workspace))
        let providers = workspaces.map(\.entry).filter { workspace in
            workspace.provider.can(.campaigns) && (names.isEmpty || names.contains(workspace.name))
        }.map(\.provider)
        check(rule.rule.condition, providers, rule, key: rule.fields["value"] == nil ? "when" : "value")
        if let probation = rule.rule.resume?.probation?.condition { check(probation, providers, rule, key: "resume") }
    }

    private func check(_ condition: Condition, _ providers: [Provider], _ rule: LocatedRule, key: String) {
        for counter in Counter.allCases where condition.counters.contains(counter) {
            guard let provider = providers.first(where: { !$0.reports(counter) }) else { continue }
            let message = "\(provider.traits.title) never reports '\(counter.rawValue)'"
            let node = rule.fields.key(key)
            // The tiers of a rule read the same value.
            let isKnown = reader.diagnostics.contains { $0.message == message && $0.position == reader.position(node) }
            let nearest = counter.substitutes.first(where: provider.reports)
            if isKnown { continue }
            reader.error(
                message, help: nearest.map { "the nearest counter that it reports is '\($0.rawValue)'" }, at: node)
        }
    }
}
