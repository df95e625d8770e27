import Model
import Yams

/// Reads the `workspace:` mappings and the `workspaces:` lists of a policy and the files that it includes.
struct WorkspaceReader {
    /// More keys than any one team has.
    static let countMax = 50

    let reader: FieldReader

    init(_ reader: FieldReader) {
        self.reader = reader
    }

    /// In the order of the files.
    func workspaces(_ files: [Fields]) -> [Located<Workspace>] {
        let nodes = files.flatMap(self.nodes)
        if files.allSatisfy({ $0["workspace"] == nil && $0["workspaces"] == nil }) {
            let form = "write workspace: {name: acme, provider: leadterra, credential: leadterra.key}"
            let misspelled = files.contains { !$0.misspelled.isDisjoint(with: ["workspace", "workspaces", "include"]) }
            if !misspelled { reader.error("'workspace' is missing", help: form, at: files[0].node) }
        }
        if nodes.count > WorkspaceReader.countMax {
            reader.error(
                "the policy has \(nodes.count) workspaces; the limit is \(WorkspaceReader.countMax)",
                at: nodes[WorkspaceReader.countMax])
            return []
        }
        var seen: [WorkspaceName: Node] = [:]
        var workspaces: [Located<Workspace>] = []
        for node in nodes {
            guard let workspace = workspace(node) else { continue }
            if let earlier = seen[workspace.name] {
                reader.error(
                    "workspace name '\(workspace.name)' is already used in \(reader.place(earlier, from: node))",
                    at: node)
                continue
            }
            seen[workspace.name] = node
            workspaces.append(Located(workspace, node))
        }
        return workspaces
    }

    /// The workspaces of one file.
    private func nodes(_ fields: Fields) -> [Node] {
        guard let list = fields["workspaces"] else { return fields["workspace"].map { [$0] } ?? [] }
        if fields["workspace"] != nil {
            reader.error(
                "'workspace' and 'workspaces' cannot be used together", help: "remove 'workspace'",
                at: fields.key("workspace"))
        }
        let nodes = reader.elements(list, of: "workspaces", countMax: WorkspaceReader.countMax)
        if nodes.isEmpty, !reader.hasErrors {
            reader.error("'workspaces' is empty", help: "add at least one workspace", at: list)
        }
        return nodes
    }

    private func workspace(_ node: Node) -> Workspace? {
        let inline = "a policy never contains a key: write 'credential:' and the name of a file"
        let known = ["name", "provider", "url", "credential", "credential_file", "quiet"]
        guard
            let parts = reader.fields(
                node, of: "the workspace", known: known,
                hints: [
                    "key": inline, "api_key": inline, "token": inline, "auth_token": inline, "secret": inline,
                    "password": inline,
                ])
        else { return nil }
        let name = required(parts, "name").flatMap { reader.name($0, "the workspace's name") }
        let provider: Provider? = required(parts, "provider").flatMap { reader.choice($0, "the provider") }
        let credential = readCredential(parts)
        let url = parts["url"].map { readURL($0, provider) } ?? provider?.traits.url
        let quiet = parts["quiet"].map { QuietReader(reader).quietHours($0) }
        guard let name, let provider, let credential, let url else { return nil }
        return Workspace(
            name: WorkspaceName(name), provider: provider, url: url, credential: credential, quiet: quiet)
    }

    private func required(_ fields: Fields, _ key: String) -> Node? {
        reader.required(key, fields, ifMissing: "the workspace has no '\(key)'")
    }

    private func readCredential(_ fields: Fields) -> Workspace.Credential? {
        switch (fields["credential"], fields["credential_file"]) {
        case (nil, nil):
            return reader.required(
                "credential", fields, ifMissing: "the workspace has no 'credential'",
                help: "write 'credential: leadterra.key' (a systemd credential) or 'credential_file: /path'"
            ).flatMap { _ in nil }
        case (.some, .some(let second)):
            reader.error(
                "'credential' and 'credential_file' cannot be used together", help: "remove one of them", at: second)
            return nil
        case (.some(let node), nil):
            guard let text = reader.text(node, "credential"), !refuseInline(text, node) else { return nil }
            return CredentialReference(reader).name(node, "credential")
        case (nil, .some(let node)):
            guard let text = reader.text(node, "credential_file"), !refuseInline(text, node) else { return nil }
            return CredentialReference(reader).file(node, "credential_file")
        }
    }

    private func refuseInline(_ text: String, _ node: Node) -> Bool {
        guard Provider.allCases.contains(where: { $0.traits.keyPrefix.map(text.hasPrefix) ?? false }) else {
            return false
        }
        reader.error(
            "the policy contains an API key; revoke it, because others may have read this file",
            help: "put a new key into a file that only its owner can read, and name the file here", at: node)
        return true
    }

    // MARK: URL

    /// `https://host[:port]`, or http for a loopback address; without path, user or query.
    ///
    /// - Parameter provider: shown as an example; nil if the policy names no valid provider, which is reported there.
    private func readURL(_ node: Node, _ provider: Provider?) -> String? {
        let example = provider.map { "for example \($0.traits.url)" }
        guard var text = reader.text(node, "url") else { return nil }
        if text.hasSuffix("/") { text.removeLast() }
        let scheme = text.hasPrefix("https://") ? "https://" : text.hasPrefix("http://") ? "http://" : nil
        guard let scheme else {
            reader.error(
                "the url must start with https://", help: example, at: node)
            return nil
        }
        let authority = text.dropFirst(scheme.count)
        if authority.contains("@") {
            reader.error(
                "the url cannot contain a user or a password", help: "set the key with 'credential:'", at: node)
            return nil
        }
        let end = authority.firstIndex { "/?#".contains($0) } ?? authority.endIndex
        guard let host = URLAuthority.host(of: authority[..<end]) else {
            reader.error(
                "the url has no valid host and port", help: example,
                at: node)
            return nil
        }
        guard scheme == "https://" || URLAuthority.isLoopback(host) else {
            reader.error(
                "http would send the key unencrypted to \(host)",
                help: "write https://; http is allowed for 127.0.0.1 only",
                at: node)
            return nil
        }
        guard end == authority.endIndex else {
            reader.error("the url cannot have a path or a query", help: "write \(scheme)\(authority[..<end])", at: node)
            return nil
        }
        return text
    }
}
