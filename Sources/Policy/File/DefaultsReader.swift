import Model
import Yams

/// Reads the `defaults:` of a policy and of the files that it includes.
struct DefaultsReader {
    private let reader: FieldReader
    private let workspaces: [Located<Workspace>]

    init(_ reader: FieldReader, _ workspaces: [Located<Workspace>]) {
        (self.reader, self.workspaces) = (reader, workspaces)
    }

    /// The defaults of each file's campaigns.
    ///
    /// A file adds its labels to the policy's. The policy's workspace and pool apply to its campaigns only if the file
    /// has no workspace of its own.
    func defaults(_ files: [Fields]) -> [CampaignDefaults] {
        let main = files[0]["defaults"].map(defaults) ?? CampaignDefaults()
        return [main]
            + files.dropFirst().enumerated().map { index, file in
                var own = file["defaults"].map(defaults) ?? CampaignDefaults()
                own.labels = main.labels(with: own.labels)
                let hasWorkspace = workspaces.contains {
                    reader.fileIndex($0.node) == index + 1 && $0.entry.provider.can(.campaigns)
                }
                guard !hasWorkspace, own.workspace == nil else { return own }
                own.workspace = main.workspace
                own.pool = own.pool ?? main.pool
                return own
            }
    }

    private func defaults(_ node: Node) -> CampaignDefaults {
        guard
            let fields = reader.fields(
                node, of: "defaults", known: ["workspace", "pool", "labels"],
                hints: ["name": "a name belongs to one campaign", "id": "an id belongs to one campaign"])
        else { return CampaignDefaults() }
        let workspace =
            fields["workspace"] == nil
            ? nil
            : WorkspaceChoice(reader, workspaces).name(
                fields, for: .campaigns, near: [], CampaignReader.noWorkspace)
        return CampaignDefaults(
            workspace: workspace, pool: fields["pool"].flatMap { reader.identifier($0, "the pool's id") },
            labels: fields["labels"].map(LabelReader(reader).labels) ?? [:])
    }
}
