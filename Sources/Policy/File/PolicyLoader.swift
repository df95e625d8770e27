import Model
import Yams

/// Reads a policy: from its text to a valid policy, or to every error in it.
package enum PolicyLoader {
    /// The result of reading a policy; `policy` is nil exactly if a diagnostic is an error.
    package struct Outcome: Sendable {
        package var policy: CheckedPolicy?
        package var diagnostics: [Diagnostic]
        /// The files under `include` as they were read.
        package var included: [SourceFile] = []
    }

    /// Reads another file that the policy names.
    package typealias FileReading = (_ path: String) throws(PolicyFileError) -> SourceFile
    /// The names in a folder that the policy names.
    package typealias FolderReading = (_ folder: String) throws(PolicyFileError) -> [String]

    /// How the files that a policy names are found and read.
    struct Disk {
        var names: FolderReading
        var read: FileReading
    }

    /// Reads the policy and the files that it names; their paths are relative to the folder of the file that names them.
    ///
    /// - Parameters:
    ///   - included: the files under `include` as an earlier ``Outcome`` has them; nil to read them.
    ///   - read: reads the files under `include` and `campaigns_file`.
    ///   - names: lists the folders under `include`.
    package static func load(
        _ source: SourceFile, included: [SourceFile]? = nil, read: @escaping FileReading = PolicyFile.read,
        names: @escaping FolderReading = PolicyFile.names
    ) -> Outcome {
        let reader = FieldReader(source)
        let root: Node
        switch YAMLDocument.compose(source) {
        case .failure(let fault):
            reader.add(fault.diagnostic(in: nil))
            return Outcome(policy: nil, diagnostics: reader.diagnostics)
        case .success(let node): root = node
        }
        let disk = Disk(names: names, read: read)
        let files = root.mapping?["include"].map {
            IncludeReader(reader: reader, disk: disk).files($0, known: included)
        }
        let assembly = PolicyAssembly(reader: reader, read: read)
        // Without a file that cannot be read, every reference to its contents would be an error, too.
        let isWhole = !reader.hasErrors
        let sections = assembly.sections(root, files ?? [])
        var policy = isWhole ? sections.flatMap(assembly.policy) : nil
        policy?.included = files?.map(\.source.name) ?? []
        return Outcome(
            policy: reader.hasErrors ? nil : policy, diagnostics: reader.diagnostics,
            included: files?.map(\.source) ?? [])
    }
}

/// Assembles a policy from its parts.
struct PolicyAssembly {
    static let campaignsMax = CheckedPolicy.campaignsMax
    static let rulesMax = 500

    private static let keys = [
        "version", "include", "workspace", "workspaces", "mode", "poll", "stale_after", "max_gap", "on_override",
        "override_for",
        "override_grace", "on_unapproved", "start_limit", "circuit_breaker", "quiet", "pools", "defaults", "campaigns",
        "campaigns_file",
        "launches", "rules", "overrides", "notify", "heartbeat",
    ]

    let reader: FieldReader
    let read: PolicyLoader.FileReading

    /// The sections of the policy and the files that it includes; nil, and an error, if a file has none.
    func sections(_ root: Node, _ files: [IncludeReader.File]) -> Sections? {
        SectionReader(reader: reader, known: PolicyAssembly.keys, hints: topLevelHints).sections(root, files)
    }

    func policy(_ sections: Sections) -> CheckedPolicy? {
        let fields = sections.joined
        version(sections)
        let workspaces = WorkspaceReader(reader).workspaces(sections.files)
        let pools = PoolReader(reader, workspaces: workspaces).pools(fields)
        let campaignReader = CampaignReader(reader, workspaces: workspaces, sections, read: read)
        let campaigns = campaignReader.campaigns(fields)
        let launches = LaunchReader(reader).launches(fields, campaigns: campaigns)
        let ruleReader = RuleReader(reader, campaigns: campaigns, pools: pools, fields)
        let rules = OverrideReader(reader, campaigns, ruleReader).overriding(ruleReader.rules(fields), fields)
        let pace = PaceReader(reader).pace(
            fields, workspaces: workspaces, campaigns: campaigns, rules: rules, pools: pools)
        let mode: Mode = fields["mode"].flatMap { reader.choice($0, "mode") } ?? .observe
        let onOverride: OnOverride = fields["on_override"].flatMap { reader.choice($0, "on_override") } ?? .respect
        let onUnapproved: OnUnapproved =
            fields["on_unapproved"].flatMap { reader.choice($0, "on_unapproved") } ?? .alert
        let limits = LimitReader(reader).limits(fields)
        let quiet = fields["quiet"].map { QuietReader(reader).quietHours($0) } ?? QuietHours()
        let notify = NotifyReader(reader)
        let (receivers, heartbeat) = (notify.receivers(fields), notify.heartbeat(fields))
        PolicyChecks(reader).check(
            fields, workspaces: workspaces, campaigns: campaigns, launches: launches, rules: rules,
            bound: Set(pools.map(\.entry.name)))
        PoolChecks(reader).check(workspaces: workspaces, pools: pools, campaigns: campaigns, rules: rules)
        if fields["mode"] == nil, !reader.hasErrors {
            reader.warning(
                "the policy sets no mode, so Sendwarden only observes: it reports what it would do",
                help: "write 'mode: enforce' to let it act, or 'mode: observe' to keep the dry run",
                at: fields.key("mode"))
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
            quiet: quiet,
            campaigns: campaigns.map(\.entry), defaults: campaignReader.defaults,
            campaignFiles: campaignReader.files.map(\.path),
            listsNothing: fields["campaigns"]?.sequence?.isEmpty == true, launches: launches.map(\.entry),
            rules: rules.filter { $0.override == nil }.map(\.rule), pools: pools.map(\.entry), receivers: receivers,
            heartbeat: heartbeat)
    }

    private var topLevelHints: [String: String] {
        [
            "pool": "did you mean 'pools'?",
            "rule": "did you mean 'rules'?",
            "receivers": "did you mean 'notify'?",
            "quiet_hours": "did you mean 'quiet'?",
            "key": "a policy never contains a key: name a file with 'credential:' in the workspace",
        ]
    }

    /// An included file need not repeat the version.
    private func version(_ sections: Sections) {
        let help = "start the file with 'version: 1'"
        _ = reader.required("version", sections.files[0], ifMissing: "'version' is missing", help: help)
        for node in sections.files.compactMap({ $0["version"] }) where node.scalar?.string != "1" {
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
