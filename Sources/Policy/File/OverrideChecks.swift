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
        let reaches = reaches(entries, rules)
        for (index, entry) in entries.enumerated() {
            switch reaches[index] {
            case .some: continue
            case .nothing: unmatched(entry)
            case .notTheRules:
                reader.warning(
                    "rule '\(entry.rule)' applies to none of these campaigns, with or without the override",
                    help: "correct the labels here, or 'campaigns' in the rule",
                    at: entry.fields["where"] ?? entry.fields.node)
            case .replaced:
                let last = entries.last { $0.rule == entry.rule }?.fields.node ?? entry.fields.node
                reader.warning(
                    "later overrides replace this one on all of its campaigns, the last in "
                        + reader.place(last, from: entry.fields.node),
                    help: "the last override that matches a campaign applies: put the more specific ones last",
                    at: entry.fields.node)
            }
        }
    }

    /// What an override applies to; a later case is closer to having an effect.
    private enum Reach: Int {
        case nothing, notTheRules, replaced, some
    }

    private func reaches(_ entries: [OverrideReader.Entry], _ rules: [LocatedRule]) -> [Reach] {
        let bases = entries.map { entry in rules.first { $0.entryName == entry.rule }?.rule }
        var reaches = entries.map { _ in Reach.nothing }
        for campaign in campaigns.map(\.entry) {
            // The rules for which a later override is known to apply.
            var decided: Set<String> = []
            for (index, entry) in entries.enumerated().reversed() where entry.selection.matches(campaign) {
                let applies = bases[index]?.applies(to: campaign) ?? false
                let reach: Reach = !applies ? .notTheRules : decided.insert(entry.rule).inserted ? .some : .replaced
                if reach.rawValue > reaches[index].rawValue { reaches[index] = reach }
            }
        }
        return reaches
    }

    private func unmatched(_ entry: OverrideReader.Entry) {
        // An id that is not listed has already been reported.
        if let ids = entry.selection.campaigns, campaigns.allSatisfy({ !ids.contains($0.entry.id) }) { return }
        let labels = campaigns.map(\.entry.labels)
        let node = entry.fields["where"] ?? entry.fields.node
        for (name, value) in entry.selection.labels.sorted(by: { $0.key < $1.key }) {
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
            "the override applies to no campaign: none matches the whole selection",
            help: "a campaign must have every label, and one of the ids if there are any", at: node)
    }
}
