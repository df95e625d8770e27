import Model
import Yams

/// Reads a policy: its text in, a sound policy or all that is wrong with it out.
package enum PolicyLoader {
    /// What came of reading a policy; the policy is there exactly where no diagnostic is an error.
    package struct Outcome: Sendable {
        package var policy: CheckedPolicy?
        package var diagnostics: [Diagnostic]
    }

    package static func load(_ source: SourceFile) -> Outcome {
        let reader = FieldReader(source)
        switch YAMLDocument.compose(source) {
        case .failure(let fault):
            reader.add(Diagnostic(.error, at: fault.position, width: fault.width, fault.message, help: fault.help))
            return Outcome(policy: nil, diagnostics: reader.diagnostics)
        case .success(let root):
            let policy = PolicyAssembly(reader).policy(root)
            return Outcome(policy: reader.hasErrors ? nil : policy, diagnostics: reader.diagnostics)
        }
    }
}

/// Puts a policy together from its parts, in the order of the file's keys.
struct PolicyAssembly {
    /// More campaigns than one API key could be polled for in any useful time.
    static let campaignsMax = 20_000
    static let rulesMax = 500

    private static let keys = [
        "version", "workspace", "workspaces", "mode", "poll", "stale_after", "max_gap", "on_override", "override_for",
        "override_grace", "on_unapproved", "start_limit", "circuit_breaker", "pools", "campaigns", "launches", "rules",
    ]

    let reader: FieldReader

    init(_ reader: FieldReader) {
        self.reader = reader
    }

    func policy(_ root: Node) -> CheckedPolicy? {
        guard
            let fields = reader.fields(
                root, of: "the policy", known: PolicyAssembly.keys, deprecated: [LimitReader.deprecatedKey],
                hints: topLevelHints)
        else { return nil }
        version(fields)
        let workspaces = WorkspaceReader(reader).workspaces(fields)
        let pools = PoolReader(reader, workspaces: workspaces).pools(fields)
        let campaigns = campaigns(fields, workspaces)
        let launches = LaunchReader(reader).launches(fields, campaigns: campaigns)
        let rules = RuleReader(reader, campaigns: campaigns, pools: pools).rules(fields)
        let pace = PaceReader(reader).pace(fields, campaigns: campaigns, rules: rules, pools: pools)
        let mode: Mode = fields["mode"].flatMap { reader.choice($0, "mode") } ?? .enforce
        let onOverride: OnOverride = fields["on_override"].flatMap { reader.choice($0, "on_override") } ?? .respect
        let onUnapproved: OnUnapproved =
            fields["on_unapproved"].flatMap { reader.choice($0, "on_unapproved") } ?? .alert
        let limits = LimitReader(reader).limits(fields)
        PolicyChecks(reader).check(
            fields, campaigns: campaigns, launches: launches, rules: rules, bound: Set(pools.map(\.entry.name)))
        PoolChecks(reader).check(workspaces: workspaces, pools: pools, campaigns: campaigns, rules: rules)
        guard !workspaces.isEmpty, let pace else { return nil }
        return CheckedPolicy(
            workspaces: workspaces.map(\.entry), mode: mode, poll: pace.poll, staleAfter: pace.staleAfter,
            maxGap: pace.maxGap,
            onOverride: onOverride,
            overrideFor: duration(fields, "override_for", .seconds(1)) ?? .seconds(86400),
            overrideGrace: duration(fields, "override_grace", .zero) ?? .seconds(600),
            onUnapproved: onUnapproved, startLimit: limits.startLimit, circuitBreaker: limits.circuitBreaker,
            campaigns: campaigns.map(\.entry), launches: launches.map(\.entry), rules: rules.map(\.rule),
            pools: pools.map(\.entry))
    }

    private var topLevelHints: [String: String] {
        [
            "pool": "did you mean 'pools'?",
            "rule": "did you mean 'rules'?",
            "key": "a key never stands in a policy: name a file with 'credential:' in the workspace",
        ]
    }

    private func version(_ fields: Fields) {
        let help = "begin the file with 'version: 1'"
        guard let node = reader.required("version", fields, orTell: "'version' is missing", help: help) else { return }
        if node.scalar?.string != "1" {
            reader.error("this program reads version 1 of the policy format", help: "write 'version: 1'", at: node)
        }
    }

    private func duration(_ fields: Fields, _ key: String, _ least: Duration) -> Duration? {
        fields[key].flatMap { reader.duration($0, key, in: least...(.seconds(90 * 86400))) }
    }

    private func campaigns(_ fields: Fields, _ workspaces: [Placed<Workspace>]) -> [Placed<CampaignEntry>] {
        guard let node = fields["campaigns"] else { return [] }
        var seen: [CampaignID: Int] = [:]
        var campaigns: [Placed<CampaignEntry>] = []
        for node in reader.elements(node, of: "campaigns", countMax: PolicyAssembly.campaignsMax) {
            guard let campaign = campaign(node, workspaces) else { continue }
            if let line = seen[campaign.id] {
                reader.error("campaign '\(campaign.id)' is listed twice, first in line \(line)", at: node)
                continue
            }
            seen[campaign.id] = reader.position(node).line
            campaigns.append(Placed(campaign, node))
        }
        return campaigns
    }

    private func campaign(_ node: Node, _ workspaces: [Placed<Workspace>]) -> CampaignEntry? {
        if let id = node.scalar?.string {
            reader.error("a campaign is a mapping", help: "write {id: \(id.prefix(40))}", at: node)
            return nil
        }
        guard let fields = reader.fields(node, of: "a campaign", known: ["id", "workspace", "name", "pool", "labels"])
        else { return nil }
        guard let idNode = fields["id"] else {
            reader.error(
                "the campaign has no 'id'", help: "write the id that the platform shows, such as camp_123", at: node)
            return nil
        }
        let workspace = WorkspaceChoice(reader, workspaces).name(
            fields, for: .campaigns, "campaigns are on a platform that sends them: \(Provider.names(.campaigns))")
        guard let id: CampaignID = reader.identifier(idNode, "the campaign's id"), let workspace else { return nil }
        return CampaignEntry(
            id: id, workspace: workspace, name: fields["name"].flatMap { reader.name($0, "the campaign's name") },
            pool: fields["pool"].flatMap { reader.identifier($0, "the pool's id") },
            labels: fields["labels"].map(LabelReader(reader).labels) ?? [:])
    }
}

/// Something read, with the node it came from.
struct Placed<Entry> {
    var entry: Entry
    var node: Node

    init(_ entry: Entry, _ node: Node) {
        (self.entry, self.node) = (entry, node)
    }
}

/// Reads `{team: sales}`.
struct LabelReader {
    let reader: FieldReader

    init(_ reader: FieldReader) {
        self.reader = reader
    }

    func labels(_ node: Node) -> [String: String] {
        guard let mapping = node.mapping else {
            reader.error("labels are a mapping of names to texts", help: "for instance {team: sales}", at: node)
            return [:]
        }
        var labels: [String: String] = [:]
        for (key, value) in mapping {
            guard let name = reader.name(key, "a label's name"), let text = reader.name(value, "label '\(name)'") else {
                continue
            }
            labels[name] = text
        }
        return labels
    }
}
