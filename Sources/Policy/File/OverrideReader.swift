import Model
import Yams

/// Reads the `overrides:` list: changes to rules for some campaigns.
struct OverrideReader {
    /// Each campaign is compared with every override of a rule when a policy is loaded.
    static let countMax = 200
    /// The keys of a rule that can differ from campaign to campaign.
    static let changeable = [
        "when", "value", "warn", "pause", "hold", "for", "mode", "then", "severity", "confidence", "within", "resume",
        "on_override",
    ]

    /// An override as the policy writes it.
    struct Entry {
        var fields: Fields
        var rule: String
        var selection = CampaignSelection()
    }

    private let reader: FieldReader
    private let campaigns: [Located<CampaignEntry>]
    private let ruleReader: RuleReader

    init(_ reader: FieldReader, _ campaigns: [Located<CampaignEntry>], _ ruleReader: RuleReader) {
        (self.reader, self.campaigns, self.ruleReader) = (reader, campaigns, ruleReader)
    }

    /// The rules with their overrides, then each rule as an override changes it.
    func overriding(_ rules: [LocatedRule], _ fields: Fields) -> [LocatedRule] {
        guard let node = fields["overrides"] else { return rules }
        var rules = rules
        var variants: [(index: Int, rule: LocatedRule)] = []
        var entries: [Entry] = []
        let nodes = reader.elements(node, of: "overrides", countMax: OverrideReader.countMax)
        let isListOpen = fields["campaigns_file"] != nil
        for (order, node) in nodes.enumerated() {
            guard let entry = entry(node, isListOpen) else { continue }
            let indexes = rules.indices.filter { rules[$0].entryName == entry.rule }
            guard let first = indexes.first else {
                refuseUnknown(entry, rules, fields)
                continue
            }
            guard isAllowed(entry, rules[first]) else { continue }
            entries.append(entry)
            let merged = merged(entry, rules[first].fields)
            for rule in ruleReader.rules(merged, name: entry.rule) {
                guard let index = indexes.first(where: { rules[$0].rule.name == rule.name }) else { continue }
                let override = RuleOverride(order: order, selection: entry.selection, rule: rule)
                rules[index].rule.overrides.append(override)
                variants.append((index, LocatedRule(rule: rule, fields: merged, override: override)))
            }
        }
        for index in rules.indices { rules[index].overrides = rules[index].rule.overrides }
        OverrideChecks(reader, campaigns).check(entries, rules)
        return rules
            + variants.map { index, variant in
                var variant = variant
                variant.overrides = rules[index].overrides
                return variant
            }
    }

    // MARK: Entries

    /// - Parameter isListOpen: true if scripts add and remove campaigns, so that an id may be missing at present.
    private func entry(_ node: Node, _ isListOpen: Bool) -> Entry? {
        let form = "write where: {campaign: camp_123}"
        let fixed = "an override cannot change this; write a second rule for these campaigns"
        guard
            let fields = reader.fields(
                node, of: "an override", known: ["rule", "where"] + OverrideReader.changeable,
                hints: [
                    "name": "did you mean 'rule'?", "labels": "did you mean 'where'?", "campaign": form,
                    "campaigns": form, "id": form, "on": fixed, "by": fixed, "pauses": fixed,
                ])
        else { return nil }
        let rule = reader.required(
            "rule", fields, ifMissing: "the override has no 'rule'", help: "write rule: and the name of a rule")
        let selector = reader.required(
            "where", fields, ifMissing: "the override has no 'where'",
            help: "write where: {team: sales} or \(form.dropFirst(6)); to change the rule everywhere, edit the rule")
        guard let rule, let name = reader.text(rule, "rule"), let selector else { return nil }
        var entry = Entry(fields: fields, rule: name)
        return select(selector, &entry, isListOpen) ? entry : nil
    }

    /// False, and an error, if the node selects nothing.
    private func select(_ node: Node, _ entry: inout Entry, _ isListOpen: Bool) -> Bool {
        guard let mapping = node.mapping, !mapping.isEmpty else {
            reader.error(
                "'where' must be labels that the campaigns have, or their ids",
                help: "for example {team: sales} or {campaign: camp_123}", at: node)
            return false
        }
        var isWhole = true
        for (key, value) in mapping {
            guard let name = reader.name(key, "the label's name") else { return false }
            if name == "campaign" {
                let nodes =
                    value.sequence == nil
                    ? [value] : reader.elements(value, of: "campaign", countMax: PolicyAssembly.campaignsMax)
                let known = Set(campaigns.map(\.entry.id))
                let ids = nodes.compactMap { ruleReader.listedCampaign($0, known, isListOpen: isListOpen) }
                isWhole = isWhole && ids.count == nodes.count && !ids.isEmpty
                entry.selection.campaigns = Set(ids)
            } else if let text = reader.name(value, "label '\(name)'") {
                entry.selection.labels[name] = text
            } else {
                isWhole = false
            }
        }
        return isWhole
    }

    // MARK: Rules

    private func refuseUnknown(_ entry: Entry, _ rules: [LocatedRule], _ fields: Fields) {
        // Includes the names of rules with an error, which has already been reported.
        let names = fields["rules"]?.sequence?.compactMap { $0.mapping?["name"]?.scalar?.string } ?? []
        guard !names.contains(entry.rule), fields.misspelled.isDisjoint(with: ["rules", "include"]),
            let node = entry.fields["rule"]
        else { return }
        let ofTier = rules.first { $0.rule.name == entry.rule }?.entryName
        let nearest = NearestName.of(entry.rule, in: names)
        reader.error(
            "no rule is named '\(entry.rule.prefix(40))'",
            help: ofTier.map { "write rule: \($0); an override covers all tiers of its rule" }
                ?? nearest.map { "did you mean '\($0)'?" }, at: node)
    }

    private func isAllowed(_ entry: Entry, _ base: LocatedRule) -> Bool {
        let fields = entry.fields
        switch base.rule.trigger {
        case .running, .launch: break
        case .pool, .group:
            reader.error(
                "rule '\(entry.rule)' cannot be overridden: it is not evaluated for each campaign separately",
                help: "only rules on running campaigns and launches can be overridden",
                at: fields["rule"] ?? fields.node)
            return false
        }
        guard OverrideReader.changeable.contains(where: { fields[$0] != nil }) else {
            // An unknown key has already been reported.
            if fields.node.mapping?.count == fields.values.count {
                reader.error(
                    "the override changes nothing",
                    help: "add one of \(OverrideReader.changeable.joined(separator: ", "))", at: fields.node)
            }
            return false
        }
        let hasTiers = TierReader.isUsed(base.fields)
        for key in TierReader.keys where fields[key] != nil && base.fields[key] == nil {
            reader.error(
                "rule '\(entry.rule)' has no '\(key)' to override",
                help: hasTiers ? "add it to the rule" : "write the whole condition under 'when'",
                at: fields.key(key))
            return false
        }
        return true
    }

    /// The rule's keys with those of the override in their place.
    private func merged(_ entry: Entry, _ base: Fields) -> Fields {
        var merged = Fields(node: entry.fields.node)
        (merged.values, merged.keys, merged.misspelled) = (base.values, base.keys, base.misspelled)
        for key in OverrideReader.changeable {
            guard let value = entry.fields[key] else { continue }
            (merged.values[key], merged.keys[key]) = (value, entry.fields.keys[key])
        }
        // A rule that no longer pauses has nothing to resume.
        if let action = entry.fields["then"]?.scalar?.string, action != Rule.Action.pause.rawValue,
            entry.fields["resume"] == nil
        {
            (merged.values["resume"], merged.keys["resume"]) = (nil, nil)
        }
        return merged
    }
}
