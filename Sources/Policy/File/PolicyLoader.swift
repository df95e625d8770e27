import Model
import Yams

/// Reads a policy: from its text to a valid policy, or to every error in it.
package enum PolicyLoader {
    /// The result of reading a policy; `policy` is nil exactly if a diagnostic is an error.
    package struct Outcome: Sendable {
        package var policy: CheckedPolicy?
        package var diagnostics: [Diagnostic]
    }

    /// Reads another file that the policy names.
    package typealias FileReading = (_ path: String) throws(PolicyFileError) -> SourceFile

    /// - Parameter read: reads the files under `campaigns_file`; their paths are relative to the policy's folder.
    package static func load(_ source: SourceFile, read: @escaping FileReading = PolicyFile.read) -> Outcome {
        let reader = FieldReader(source)
        switch YAMLDocument.compose(source) {
        case .failure(let fault):
            reader.add(Diagnostic(.error, at: fault.position, width: fault.width, fault.message, help: fault.help))
            return Outcome(policy: nil, diagnostics: reader.diagnostics)
        case .success(let root):
            let policy = PolicyAssembly(reader: reader, read: read).policy(root)
            return Outcome(policy: reader.hasErrors ? nil : policy, diagnostics: reader.diagnostics)
        }
    }
}

/// Assembles a policy from its parts.
struct PolicyAssembly {
    static let campaignsMax = CheckedPolicy.campaignsMax
    static let rulesMax = 500

    private static let keys = [
        "version", "workspace", "workspaces", "mode", "poll", "stale_after", "max_gap", "on_override", "override_for",
        "override_grace", "on_unapproved", "start_limit", "circuit_breaker", "pools", "defaults", "campaigns",
        "campaigns_file",
        "launches", "rules",
    ]

    let reader: FieldReader
    let read: PolicyLoader.FileReading

    func policy(_ root: Node) -> CheckedPolicy? {
        guard
            let fields = reader.fields(
                root, of: "the policy", known: PolicyAssembly.keys, deprecated: [LimitReader.deprecatedKey],
                hints: topLevelHints)
        else { return nil }
        version(fields)
        let workspaces = WorkspaceReader(reader).workspaces(fields)
        let pools = PoolReader(reader, workspaces: workspaces).pools(fields)
        let campaignReader = CampaignReader(reader, workspaces: workspaces, fields, read: read)
        let campaigns = campaignReader.campaigns(fields)
        let launches = LaunchReader(reader).launches(fields, campaigns: campaigns)
        let rules = RuleReader(reader, campaigns: campaigns, pools: pools).rules(fields)
        let pace = PaceReader(reader).pace(
            fields, workspaces: workspaces, campaigns: campaigns, rules: rules, pools: pools)
        let mode: Mode = fields["mode"].flatMap { reader.choice($0, "mode") } ?? .observe
        let onOverride: OnOverride = fields["on_override"].flatMap { reader.choice($0, "on_override") } ?? .respect
        let onUnapproved: OnUnapproved =
            fields["on_unapproved"].flatMap { reader.choice($0, "on_unapproved") } ?? .alert
        let limits = LimitReader(reader).limits(fields)
        PolicyChecks(reader).check(
            fields, workspaces: workspaces, campaigns: campaigns, launches: launches, rules: rules,
            bound: Set(pools.map(\.entry.name)))
        PoolChecks(reader).check(workspaces: workspaces, pools: pools, campaigns: campaigns, rules: rules)
        if fields["mode"] == nil, !reader.hasErrors {
            reader.warning(
                "the policy sets no mode, so Sendwarden only observes: it reports what it would do",
                help: "write 'mode: enforce' to let it act, or 'mode: observe' to keep it so", at: fields.key("mode"))
        }
        guard !workspaces.isEmpty, let pace else { return nil }
        return CheckedPolicy(
            workspaces: workspaces.map(\.entry), mode: mode, setsMode: fields["mode"] != nil, poll: pace.poll,
            staleAfter: pace.staleAfter,
            maxGap: pace.maxGap,
            onOverride: onOverride,
            overrideFor: duration(fields, "override_for", .seconds(1)) ?? .seconds(86400),
            overrideGrace: duration(fields, "override_grace", .zero) ?? .seconds(600),
            onUnapproved: onUnapproved, startLimit: limits.startLimit, circuitBreaker: limits.circuitBreaker,
            campaigns: campaigns.map(\.entry), defaults: campaignReader.defaults,
            campaignFiles: campaignReader.files.map(\.path), launches: launches.map(\.entry), rules: rules.map(\.rule),
            pools: pools.map(\.entry))
    }

    private var topLevelHints: [String: String] {
        [
            "pool": "did you mean 'pools'?",
            "rule": "did you mean 'rules'?",
            "key": "a policy never contains a key: name a file with 'credential:' in the workspace",
        ]
    }

    private func version(_ fields: Fields) {
        let help = "start the file with 'version: 1'"
        guard let node = reader.required("version", fields, ifMissing: "'version' is missing", help: help) else {
            return
        }
        if node.scalar?.string != "1" {
            reader.error(
                "unsupported policy version; this program supports version 1", help: "write 'version: 1'", at: node)
        }
    }

    private func duration(_ fields: Fields, _ key: String, _ least: Duration) -> Duration? {
        fields[key].flatMap { reader.duration($0, key, in: least...(.seconds(90 * 86400))) }
    }
}

/// An entry and the node that it was read from.
struct Located<Entry> {
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
            reader.error("labels must be a mapping of names to texts", help: "for example {team: sales}", at: node)
            return [:]
        }
        var labels: [String: String] = [:]
        for (key, value) in mapping {
            guard let name = reader.name(key, "the label's name"), let text = reader.name(value, "label '\(name)'")
            else {
                continue
            }
            labels[name] = text
        }
        return labels
    }
}
