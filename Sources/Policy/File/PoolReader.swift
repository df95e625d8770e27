import Model
import Yams

/// Reads the `pools:` list, which names pools of platforms that report no volumes.
struct PoolReader {
    static let countMax = 1000
    private static let perSenderMax = 10_000_000

    let reader: FieldReader
    let workspaces: [Located<Workspace>]

    init(_ reader: FieldReader, workspaces: [Located<Workspace>]) {
        self.reader = reader
        self.workspaces = workspaces
    }

    func pools(_ fields: Fields) -> [Located<PoolBinding>] {
        guard let node = fields["pools"] else { return [] }
        var seen: [PoolID: Node] = [:]
        var pools: [Located<PoolBinding>] = []
        for node in reader.elements(node, of: "pools", countMax: PoolReader.countMax) {
            guard let pool = pool(node) else { continue }
            if let earlier = seen[pool.name] {
                reader.error(
                    "pool name '\(pool.name)' is already used in \(reader.place(earlier, from: node))", at: node)
                continue
            }
            seen[pool.name] = node
            pools.append(Located(pool, node))
        }
        return pools
    }

    private func pool(_ node: Node) -> PoolBinding? {
        let known = ["name", "workspace", "pool_where", "channel", "per_sender_daily"]
        let form = "write pool_where: {id: …}, {name: …} or {tags: {environment: production}}"
        guard
            let fields = reader.fields(
                node, of: "a pool", known: known,
                hints: ["id": form, "tags": form, "where": "did you mean 'pool_where'?"])
        else { return nil }
        let name: PoolID? = reader.required(
            "name", fields, ifMissing: "the pool has no 'name'",
            help: "campaigns and rules refer to the pool by its name"
        ).flatMap { reader.identifier($0, "the pool's name") }
        let workspace = WorkspaceChoice(reader, workspaces).name(
            fields, for: .rosters, near: workspaces.able(.rosters, near: node, reader),
            "only pools of \(Provider.names(.rosters)) can be named; campaigns refer to other pools by id")
        let target = reader.required("pool_where", fields, ifMissing: "the pool has no 'pool_where'", help: form)
            .flatMap { readTarget($0, form) }
        let channel: PoolSender.Channel? =
            fields["channel"].map { reader.choice($0, "the channel") } ?? .email
        let perSender = reader.required(
            "per_sender_daily", fields, ifMissing: "the pool has no 'per_sender_daily'",
            help: "write how many emails one sender may send per day: per_sender_daily: 50"
        ).flatMap { reader.integer($0, "per_sender_daily", in: 1...PoolReader.perSenderMax) }
        guard let name, let workspace, let target, let channel, let perSender else { return nil }
        return PoolBinding(
            name: name, workspace: workspace, target: target, channel: channel, perSenderDaily: perSender)
    }

    private func readTarget(_ node: Node, _ form: String) -> PoolSelector? {
        guard let fields = reader.fields(node, of: "pool_where", known: ["id", "name", "tags"]) else { return nil }
        let id: PoolID? = fields["id"].flatMap { reader.identifier($0, "the pool's id") }
        let name = fields["name"].flatMap { reader.name($0, "the pool's name") }
        let tags = fields["tags"].map(LabelReader(reader).labels) ?? [:]
        guard id != nil || name != nil || !tags.isEmpty else {
            if !reader.hasErrors { reader.error("pool_where is empty and would match any pool", help: form, at: node) }
            return nil
        }
        return PoolSelector(id: id, name: name, tags: tags)
    }
}

/// Reads a `workspace:` that refers to one of the policy's workspaces.
struct WorkspaceChoice {
    let reader: FieldReader
    let workspaces: [Located<Workspace>]

    init(_ reader: FieldReader, _ workspaces: [Located<Workspace>]) {
        self.reader = reader
        self.workspaces = workspaces
    }

    /// The workspace that the key names, or the only one with the ability.
    ///
    /// - Parameters:
    ///   - able: the workspaces that could be meant without the key.
    ///   - reason: the help text if the workspace lacks the ability.
    func name(
        _ fields: Fields, for ability: Provider.Ability, near able: [Workspace], _ reason: String
    ) -> WorkspaceName? {
        guard let node = fields["workspace"] else {
            // Errors in the workspaces were already reported.
            if workspaces.isEmpty { return nil }
            if able.count == 1 { return able[0].name }
            let names = able.map(\.name.text).joined(separator: ", ")
            reader.error(
                able.isEmpty
                    ? "the policy has no suitable workspace" : "'workspace' is missing: several workspaces match",
                help: able.isEmpty ? reason : "add workspace: with one of \(names)", at: fields.node)
            return nil
        }
        guard let text = reader.text(node, "workspace"), !workspaces.isEmpty else { return nil }
        guard let workspace = workspaces.first(where: { $0.entry.name.text == text })?.entry else {
            let nearest = NearestName.of(text, in: workspaces.map(\.entry.name.text))
            reader.error(
                "unknown workspace '\(text.prefix(40))'",
                help: nearest.map { "did you mean '\($0)'?" }
                    ?? "workspaces are \(workspaces.map(\.entry.name.text).joined(separator: ", "))", at: node)
            return nil
        }
        guard workspace.provider.can(ability) else {
            reader.error(
                "workspace '\(workspace.name)' is on \(workspace.provider.traits.title), which does not support this",
                help: reason, at: node)
            return nil
        }
        return workspace.name
    }
}

extension [Located<Workspace>] {
    /// The workspaces that an entry without `workspace` can belong to: those of its file, or of the policy, or all.
    func able(_ ability: Provider.Ability, near node: Node, _ reader: FieldReader) -> [Workspace] {
        let able = filter { $0.entry.provider.can(ability) }
        for file in [reader.fileIndex(node), 0] {
            let own = able.filter { reader.fileIndex($0.node) == file }
            if !own.isEmpty { return own.map(\.entry) }
        }
        return able.map(\.entry)
    }
}
