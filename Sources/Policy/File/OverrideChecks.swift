import Model

/// Warns about overrides that change nothing on any campaign.
struct OverrideChecks {
    private let reader: FieldReader
    private let campaigns: [Located<CampaignEntry>]

    init(_ reader: FieldReader, _ campaigns: [Located<CampaignEntry>]) {
        (self.reader, self.campaigns) = (reader, campaigns)
    }

    /// - Parameter entries: in policy order.
    func check(_ entries: [OverrideReader.Entry], _ rules: [LocatedRule]) {
        // People can order campaigns to be watched whose labels the policy does not contain.
        guard !campaigns.isEmpty, !reader.hasErrors else { return }
        for (index, entry) in entries.enumerated() {
            let matched = campaigns.map(\.entry).filter { matches(entry, $0) }
            guard let node = entry.fields["where"], !matched.isEmpty else {
                unmatched(entry)
                continue
            }
            let base = rules.first { $0.entryName == entry.rule }
            guard let base, matched.contains(where: base.rule.applies) else {
                reader.warning(
                    "rule '\(entry.rule)' applies to none of these campaigns, with or without the override",
                    help: "correct the labels here, or 'campaigns' in the rule", at: node)
                continue
            }
            let later = entries[(index + 1)...].filter { $0.rule == entry.rule }
            if let last = later.last,
                matched.allSatisfy({ campaign in later.contains { matches($0, campaign) } })
            {
                reader.warning(
                    "later overrides replace this one on all of its campaigns, the last in "
                        + reader.place(last.fields.node, from: entry.fields.node),
                    help: "the last override that matches a campaign applies: put the more specific ones last",
                    at: entry.fields.node)
            }
        }
    }

    private func matches(_ entry: OverrideReader.Entry, _ campaign: CampaignEntry) -> Bool {
        entry.campaigns?.contains(campaign.id) ?? true
            && entry.labels.allSatisfy { campaign.labels[$0.key] == $0.value }
    }

    private func unmatched(_ entry: OverrideReader.Entry) {
        let labels = campaigns.map(\.entry.labels)
        let node = entry.fields["where"] ?? entry.fields.node
        for (name, value) in entry.labels.sorted(by: { $0.key < $1.key }) {
            let values = Set(labels.compactMap { $0[name] })
            if values.contains(value) { continue }
            let nearest =
                values.isEmpty
                ? NearestName.of(name, in: Set(labels.flatMap(\.keys)).sorted())
                : NearestName.of(value, in: values.sorted())
            reader.warning(
                "the override applies to no campaign: none has the label '\(values.isEmpty ? name : "\(name): \(value)")'",
                help: nearest.map { "did you mean '\($0)'?" } ?? "add the label to a campaign, or correct it here",
                at: node)
            return
        }
        reader.warning(
            "the override applies to no campaign: none matches all of this",
            help: "a campaign must have every label, and one of the ids if there are any", at: node)
    }
}
