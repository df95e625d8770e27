import Model
import Yams

/// Reads the `rules:` list.
struct RuleReader {
    /// The most samples in `for: N of M`.
    static let countMax = 60

    private static let keys =
        [
            "name", "on", "campaigns", "when", "for", "mode", "then", "severity", "confidence", "within",
            "resume", "on_override", "pools", "sender", "keep_at_least", "by", "pauses",
        ] + TierReader.keys

    let reader: FieldReader
    let campaigns: [Located<CampaignEntry>]
    let pools: [Located<PoolBinding>]
    /// False if a misspelled key hides the campaigns.
    let knowsCampaigns: Bool

    init(
        _ reader: FieldReader, campaigns: [Located<CampaignEntry>], pools: [Located<PoolBinding>], _ fields: Fields
    ) {
        (self.reader, self.campaigns, self.pools) = (reader, campaigns, pools)
        knowsCampaigns = fields.hasCampaignList
    }

    func rules(_ fields: Fields) -> [LocatedRule] {
        guard let node = fields["rules"] else { return [] }
        var seen: [String: Node] = [:]
        var rules: [LocatedRule] = []
        for node in reader.elements(node, of: "rules", countMax: PolicyAssembly.rulesMax) {
            guard let fields = reader.fields(node, of: "a rule", known: RuleReader.keys, hints: hints) else { continue }
            let nameNode = reader.required(
                "name", fields, ifMissing: "the rule has no 'name'", help: "events identify the rule by its name")
            let name = nameNode.flatMap { reader.name($0, "the rule's name") }
            let read = self.rules(fields, name: name ?? "")
            if let name, let nameNode {
                for name in read.isEmpty ? [name] : read.map(\.name) {
                    if let earlier = seen[name] {
                        reader.error(
                            "rule name '\(name)' is already used in \(reader.place(earlier, from: nameNode))",
                            help: "give each rule its own name", at: nameNode)
                    }
                    seen[name] = seen[name] ?? nameNode
                }
            }
            rules += read.map { LocatedRule(rule: $0, fields: fields) }
        }
        return rules
    }

    private var hints: [String: String] {
        [
            "if": "did you mean 'when'?", "condition": "did you mean 'when'?", "expr": "did you mean 'when'?",
            "action": "did you mean 'then'?", "do": "did you mean 'then'?", "trigger": "did you mean 'on'?",
            "id": "did you mean 'name'?", "labels": "write campaigns: {label: value}",
        ]
    }

    /// The entry's rule, or one for each of its tiers; empty, and an error, if it is not valid.
    func rules(_ fields: Fields, name: String) -> [Rule] {
        let trigger: Rule.Trigger? = fields["on"].map { reader.choice($0, "on") } ?? .running
        let hasTiers = TierReader.isUsed(fields)
        let tiers = hasTiers ? TierReader(reader).parts(fields, trigger) : []
        let action = hasTiers ? tiers.first?.action : readAction(fields, trigger: trigger)
        let parts = hasTiers ? tiers : readPart(fields, trigger, action).map { [$0] } ?? []
        let forClause = fields["for"].flatMap { readForClause($0, fields, trigger) } ?? .duration(.zero)
        let mode: Rule.Mode = fields["mode"].flatMap { reader.choice($0, "the rule's mode") } ?? .enforce
        let confidence = fields["confidence"].flatMap { readConfidence($0) }
        let within = ConfidenceReader(reader).within(fields)
        let resume = fields["resume"].flatMap { readResume($0, fields, action) }
        let onOverride: OnOverride? = fields["on_override"].flatMap { reader.choice($0, "on_override") }
        let selector = fields["campaigns"].flatMap { readSelector($0, trigger) } ?? .all
        let senders = SenderRuleReader(reader, pools: pools).parts(fields, trigger, action)
        let (grouping, offenders) = GroupRuleReader(reader).parts(fields, trigger, pauses: action == .pause)
        var rules: [Rule] = []
        for part in parts {
            var condition = part.condition
            if let confidence {
                let reader = ConfidenceReader(reader)
                guard let sure = reader.apply(confidence, within: within, to: condition, fields, trigger) else { break }
                condition = sure
            }
            guard let trigger else { break }
            let pauses = part.action == .pause
            rules.append(
                Rule(
                    name: name + part.suffix, trigger: trigger, selector: selector, condition: condition,
                    conditionText: part.text, forClause: forClause, mode: mode, action: part.action,
                    severity: part.severity, confidence: confidence, within: within,
                    resume: pauses ? resume : nil,
                    onOverride: pauses || !hasTiers ? onOverride : nil, pools: senders.pools, sender: senders.sender,
                    grouping: grouping, offenders: pauses ? offenders : nil, keepAtLeast: senders.keepAtLeast))
        }
        return rules
    }

    /// The condition and the action of a rule without tiers.
    private func readPart(_ fields: Fields, _ trigger: Rule.Trigger?, _ action: Rule.Action?) -> TierReader.Part? {
        let severity: Rule.Severity = fields["severity"].flatMap { reader.choice($0, "severity") } ?? .warning
        guard
            let node = reader.required(
                "when", fields, ifMissing: "the rule has no 'when'", help: "write when: bounceRate(24h) > 5%"),
            let condition = reader.condition(node, "the condition", scope: (trigger ?? .running).scope),
            let action
        else { return nil }
        return TierReader.Part(
            condition: condition, text: node.scalar?.string.collapsingWhitespace ?? "", action: action,
            severity: severity)
    }

    private func readAction(_ fields: Fields, trigger: Rule.Trigger?) -> Rule.Action? {
        let message = "the rule has no 'then'"
        let help = "write then: pause, then: hold or then: alert"
        guard let node = reader.required("then", fields, ifMissing: message, help: help) else { return nil }
        guard let action: Rule.Action = reader.choice(node, "then"), let trigger else { return nil }
        switch (action, trigger) {
        case (.alert, _), (.pause, .running), (.pause, .group), (.hold, .launch), (.removeSender, .pool),
            (.restoreSender, .pool):
            return action
        case (.pause, .launch):
            reader.error(
                "a rule on launches cannot pause: the campaign has not started", help: "write then: hold", at: node)
        case (.hold, .running), (.hold, .group):
            reader.error("only a rule on launches can hold", help: "write then: pause, or add on: launch", at: node)
        case (.pause, .pool), (.hold, .pool):
            reader.error(
                "a rule on pools can only alert, remove senders or restore senders",
                help: "write then: alert, or use pool.* in a rule on campaigns", at: node)
        case (.removeSender, .running), (.removeSender, .launch), (.removeSender, .group), (.restoreSender, .running),
            (.restoreSender, .launch), (.restoreSender, .group):
            reader.error("only a rule on pools can remove or restore senders", help: "add on: pool", at: node)
        }
        return nil
    }

    private func readForClause(_ node: Node, _ fields: Fields, _ trigger: Rule.Trigger?) -> Rule.For? {
        if trigger == .launch {
            reader.error(
                "a rule on launches cannot have 'for'", help: "a launch is evaluated once, on fresh data",
                at: fields.key("for"))
            return nil
        }
        guard let text = reader.text(node, "for") else { return nil }
        let parts = text.split(separator: " ")
        guard parts.count == 3, parts[1] == "of" else {
            return reader.duration(node, "for", in: .zero...(.seconds(30 * 86400))).map { .duration($0) }
        }
        guard trigger != .group else {
            reader.error(
                "a rule on groups cannot count samples: a sample belongs to one campaign",
                help: "write a duration: for: 10m",
                at: node)
            return nil
        }
        guard let breaches = Int(parts[0]), let samples = Int(parts[2]), 1 <= breaches, breaches <= samples,
            samples <= RuleReader.countMax
        else {
            reader.error(
                "for '\(text.prefix(40))' is not a valid number of samples",
                help: "for example 3 of 5, with at most \(RuleReader.countMax) samples", at: node)
            return nil
        }
        return .count(breaches: breaches, samples: samples)
    }

    private func readConfidence(_ node: Node) -> Double? {
        guard let value = reader.ratio(node, "confidence") else { return nil }
        guard (0.5..<1).contains(value) else {
            reader.error("confidence must be at least 50% and below 100%", help: "for example 95%", at: node)
            return nil
        }
        return value
    }

    private func readSelector(_ node: Node, _ trigger: Rule.Trigger?) -> Rule.Selector? {
        if trigger == .pool {
            reader.error("a rule on pools cannot have 'campaigns'", help: "remove 'campaigns'", at: node)
            return nil
        }
        if node.mapping != nil { return .labels(LabelReader(reader).labels(node)) }
        guard node.sequence != nil else {
            let meansAll = node.scalar.map { $0.string == "all" || CampaignReader.isPattern($0.string) } ?? false
            reader.error(
                "campaigns must be labels or a list of ids",
                help: meansAll
                    ? "a rule without 'campaigns' applies to all of them; \(RuleReader.labelHelp)"
                    : "for example {team: sales} or [camp_123]",
                at: node)
            return nil
        }
        let known = Set(campaigns.map(\.entry.id))
        var ids: Set<CampaignID> = []
        for element in reader.elements(node, of: "campaigns", countMax: PolicyAssembly.campaignsMax) {
            if let id = listedCampaign(element, known) { ids.insert(id) }
        }
        return .ids(ids)
    }

    private static let labelHelp = "to select some, give them a label and write campaigns: {team: sales}"

    /// The id of a listed campaign; nil, and an error, for a pattern or any other text.
    ///
    /// - Parameter isListOpen: true if an id that is not listed is only a warning.
    func listedCampaign(_ node: Node, _ known: Set<CampaignID>, isListOpen: Bool = false) -> CampaignID? {
        if let text = node.scalar?.string, CampaignReader.isPattern(text) {
            reader.error("'\(text.prefix(40))' is a pattern, not an id", help: RuleReader.labelHelp, at: node)
            return nil
        }
        guard let id: CampaignID = reader.identifier(node, "the campaign's id") else { return nil }
        if knowsCampaigns, !known.contains(id) {
            let nearest = NearestName.of(id.text, in: known.map(\.text).sorted())
            let help = nearest.map { "did you mean '\($0)'?" }
            if isListOpen {
                reader.warning("campaign '\(id)' is not listed at present", help: help, at: node)
            } else {
                reader.error("campaign '\(id)' is not listed under 'campaigns'", help: help, at: node)
            }
        }
        return id
    }

    // MARK: Resume

    private func readResume(_ node: Node, _ fields: Fields, _ action: Rule.Action?) -> Resume? {
        guard let parts = reader.fields(node, of: "resume", known: ["after", "probation", "at_most"]) else {
            return nil
        }
        if let action, action != .pause {
            reader.error("only a rule that pauses can have 'resume'", help: "remove 'resume'", at: fields.key("resume"))
        }
        guard let afterNode = parts["after"] else {
            reader.error("resume has no 'after'", help: "write after: 4h", at: node)
            return nil
        }
        let after = reader.duration(afterNode, "after", in: .seconds(1)...(.seconds(30 * 86400)))
        let probation = parts["probation"].flatMap { readProbation($0) }
        let limit = parts["at_most"].flatMap { readLimit($0) }
        return after.map { Resume(after: $0, probation: probation, atMost: limit) }
    }

    private func readProbation(_ node: Node) -> Resume.Probation? {
        guard let parts = reader.fields(node, of: "probation", known: ["sends", "when"]) else { return nil }
        guard let sendsNode = parts["sends"], let whenNode = parts["when"] else {
            reader.error(
                "probation needs 'sends' and 'when'", help: "write {sends: 50, when: bounceRate > 2%}", at: node)
            return nil
        }
        guard let sends = reader.integer(sendsNode, "sends", in: 1...1_000_000),
            let condition = reader.condition(whenNode, "the condition of probation", scope: .campaign)
        else { return nil }
        return Resume.Probation(
            sends: sends, condition: condition, conditionText: whenNode.scalar?.string.collapsingWhitespace ?? "")
    }

    /// A limit such as `2 per 7d`.
    private func readLimit(_ node: Node) -> Resume.Limit? {
        guard let text = reader.text(node, "at_most") else { return nil }
        let parts = text.split(separator: " ")
        guard parts.count == 3, parts[1] == "per", let times = Int(parts[0]), (0...1000).contains(times),
            let per = Duration(policyText: parts[2]), per > .zero
        else {
            reader.error(
                "at_most '\(text.prefix(40))' is not a number per duration", help: "for example 2 per 7d", at: node)
            return nil
        }
        return Resume.Limit(times: times, per: per)
    }
}
