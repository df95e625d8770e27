import Model
import Yams

/// Reads `defaults:`, `campaigns:` and the files under `campaigns_file:`.
struct CampaignReader {
    /// A file that lists campaigns.
    struct File {
        /// As it is opened: relative to the folder of the file that names it.
        var path: String
        var node: Node
    }

    private static let keys = ["id", "workspace", "name", "pool", "labels"]
    /// The most files of one policy.
    private static let filesMax = 20

    private let reader: FieldReader
    private let workspaces: [Located<Workspace>]
    private let read: PolicyLoader.FileReading
    /// The defaults of each file's campaigns: the policy's, then those of the included files.
    private let defaultsOfFiles: [CampaignDefaults]
    let files: [File]

    init(
        _ reader: FieldReader, workspaces: [Located<Workspace>], _ sections: Sections,
        read: @escaping PolicyLoader.FileReading
    ) {
        (self.reader, self.workspaces, self.read) = (reader, workspaces, read)
        defaultsOfFiles = DefaultsReader(reader, workspaces).defaults(sections.files)
        files = sections.joined["campaigns_file"].map { CampaignReader.files($0, reader) } ?? []
    }

    /// The defaults of campaigns that people order to watch.
    var defaults: CampaignDefaults {
        var defaults = defaultsOfFiles[0]
        let own = workspaces.filter { reader.fileIndex($0.node) == 0 && $0.entry.provider.can(.campaigns) }
        // The workspaces of included files apply only if a person names them.
        if own.count == 1, workspaces.count > 1, defaults.workspace == nil { defaults.workspace = own[0].entry.name }
        return defaults
    }

    /// The campaigns of the policy, then those of its files that the policy does not list itself.
    func campaigns(_ fields: Fields) -> [Located<CampaignEntry>] {
        let listed = fields["campaigns"].map { list($0, reader, origin: .policy) } ?? []
        var seen = Set(listed.map(\.entry.id))
        var campaigns = listed
        for file in files {
            let entries = entries(of: file)
            if entries.isEmpty, !reader.hasErrors {
                reader.warning(
                    "\(file.path) lists no campaign", help: "if a script writes it, check that the script works",
                    at: file.node)
            }
            for entry in entries where seen.insert(entry.id).inserted {
                campaigns.append(Located(entry, file.node))
            }
        }
        if campaigns.count > CheckedPolicy.campaignsMax, let node = files.last?.node {
            reader.error(
                "the policy and its files list \(campaigns.count) campaigns; the limit is "
                    + "\(CheckedPolicy.campaignsMax)", at: node)
        }
        return campaigns
    }

    // MARK: Entries

    /// - Parameter file: the entry of `campaigns_file` that names the list; nil for the policy's own list.
    private func list(
        _ node: Node, _ reader: FieldReader, origin: CampaignEntry.Origin, of file: Node? = nil
    ) -> [Located<CampaignEntry>] {
        if let text = node.scalar?.string, text == "all" || CampaignReader.isPattern(text) {
            reader.error("campaigns must be a list of ids", help: CampaignReader.noListing, at: node)
            return []
        }
        var seen: [CampaignID: Node] = [:]
        var campaigns: [Located<CampaignEntry>] = []
        for node in reader.elements(node, of: "campaigns", countMax: CheckedPolicy.campaignsMax) {
            guard let campaign = campaign(node, reader, origin: origin, of: file ?? node) else { continue }
            if let earlier = seen[campaign.id] {
                reader.error(
                    "campaign '\(campaign.id)' is already listed in \(reader.place(earlier, from: node))", at: node)
                continue
            }
            seen[campaign.id] = node
            campaigns.append(Located(campaign, node))
        }
        return campaigns
    }

    /// A campaign: its id, or a mapping.
    ///
    /// - Parameter home: a node of the policy or of an included file, whose defaults apply.
    private func campaign(
        _ node: Node, _ reader: FieldReader, origin: CampaignEntry.Origin, of home: Node
    ) -> CampaignEntry? {
        let defaults = defaults(of: home)
        var fields = Fields(node: node)
        if node.scalar != nil {
            fields.values["id"] = node
        } else if let mapping = reader.fields(
            node, of: "a campaign", known: CampaignReader.keys, hints: ["where": CampaignReader.noListing])
        {
            fields = mapping
        } else {
            return nil
        }
        guard let idNode = fields["id"] else {
            reader.error(
                "the campaign has no 'id'", help: "write the id that the platform shows, for example camp_123", at: node
            )
            return nil
        }
        let workspace =
            fields["workspace"] == nil && defaults.workspace != nil
            ? defaults.workspace
            : WorkspaceChoice(reader, workspaces).name(
                fields, for: .campaigns, near: able(near: home), CampaignReader.noWorkspace)
        guard let id = id(idNode, reader), let workspace else { return nil }
        return CampaignEntry(
            id: id, workspace: workspace, name: fields["name"].flatMap { reader.name($0, "the campaign's name") },
            pool: defaults.pool(fields["pool"].flatMap { reader.identifier($0, "the pool's id") }, in: workspace),
            labels: defaults.labels(with: fields["labels"].map(LabelReader(reader).labels) ?? [:]), origin: origin)
    }

    /// A campaign that is only an id; nil if its workspace is ambiguous.
    private func bare(_ id: CampaignID, _ origin: CampaignEntry.Origin, of home: Node) -> CampaignEntry? {
        let (defaults, able) = (defaults(of: home), able(near: home))
        return (defaults.workspace ?? (able.count == 1 ? able[0].name : nil)).map { workspace in
            CampaignEntry(
                id: id, workspace: workspace, pool: defaults.pool(nil, in: workspace), labels: defaults.labels,
                origin: origin)
        }
    }

    private func id(_ node: Node, _ reader: FieldReader) -> CampaignID? {
        if let text = node.scalar?.string, CampaignReader.isPattern(text) {
            reader.error("'\(text.prefix(40))' is a pattern, not an id", help: CampaignReader.noListing, at: node)
            return nil
        }
        return reader.identifier(node, "the campaign's id")
    }

    private func defaults(of home: Node) -> CampaignDefaults { defaultsOfFiles[reader.fileIndex(home)] }

    private func able(near home: Node) -> [Workspace] { workspaces.able(.campaigns, near: home, reader) }

    static func isPattern(_ text: String) -> Bool { text.contains { "*?[".contains($0) } }

    static let noWorkspace = "campaigns need a workspace on \(Provider.names(.campaigns))"
    static let noListing =
        "no supported platform can list its campaigns: write each id, let a script write them to a 'campaigns_file', "
        + "or add them with 'sendwarden watch'"

    // MARK: Files

    private static func files(_ node: Node, _ reader: FieldReader) -> [File] {
        let nodes =
            node.sequence == nil
            ? [node] : reader.elements(node, of: "campaigns_file", countMax: CampaignReader.filesMax)
        return nodes.compactMap { node in
            guard let path = reader.text(node, "campaigns_file") else { return nil }
            guard !path.unicodeScalars.contains(where: { $0.value < 0x20 }) else {
                reader.error("the path contains a control character", at: node)
                return nil
            }
            return File(path: FilePattern.path(path, in: reader.source(of: node).name), node: node)
        }
    }

    private func entries(of file: File) -> [CampaignEntry] {
        let source: SourceFile
        do throws(PolicyFileError) {
            source = try read(file.path)
        } catch {
            let help =
                switch error.code {
                case .missing: "create it; an empty file lists no campaign"
                case .noPermission, .unusable: "use a text file that the user of the daemon can read"
                }
            reader.error("cannot read the campaigns: \(error.reason)", help: help, at: file.node)
            return []
        }
        let isYAML = [".yaml", ".yml"].contains { file.path.hasSuffix($0) }
        let fileReader = FieldReader(source)
        let entries = isYAML ? yaml(source, fileReader, of: file.node) : lines(source, fileReader, of: file.node)
        for diagnostic in fileReader.diagnostics {
            var diagnostic = diagnostic
            diagnostic.source = source
            reader.add(diagnostic)
        }
        return entries
    }

    /// A list of campaigns, or a mapping with `campaigns:`.
    private func yaml(_ source: SourceFile, _ reader: FieldReader, of home: Node) -> [CampaignEntry] {
        if source.text.allSatisfy(\.isWhitespace) { return [] }
        switch YAMLDocument.compose(source) {
        case .failure(let fault):
            reader.add(fault.diagnostic(in: nil))
            return []
        case .success(let root):
            var node: Node? = root
            if root.mapping != nil {
                node = reader.fields(root, of: "the file", known: ["campaigns"])?["campaigns"]
            }
            return node.map { list($0, reader, origin: .file(source.name), of: home).map(\.entry) } ?? []
        }
    }

    /// One id in each line; text after `#` is a comment.
    private func lines(_ source: SourceFile, _ reader: FieldReader, of home: Node) -> [CampaignEntry] {
        var seen: Set<String> = []
        var entries: [CampaignEntry] = []
        for number in 1...max(1, source.lineCount) {
            let line = String(String.UnicodeScalarView(source.line(number).prefix { $0 != "#" }))
            let text = line.replacing("\t", with: " ").trimmingSpaces
            guard !text.isEmpty, seen.insert(text).inserted else { continue }
            func refuse(_ message: String, _ help: String) {
                let position = Position(line: number, column: 1)
                reader.add(Diagnostic(.error, at: position, width: text.unicodeScalars.count, message, help: help))
            }
            guard let id = CampaignID(text) else {
                refuse("'\(text.prefix(40))' is not a campaign's id", "write one id in each line; '#' begins a comment")
                continue
            }
            guard let entry = bare(id, .file(source.name), of: home) else {
                refuse(
                    "the workspace of campaign '\(id)' is ambiguous",
                    "name it with 'defaults: {workspace: …}' in the policy")
                break
            }
            entries.append(entry)
        }
        return entries
    }
}
