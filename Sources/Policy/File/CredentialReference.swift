import Yams

/// Reads where a secret is stored: the name of a systemd credential, or the path of a file.
struct CredentialReference {
    let reader: FieldReader

    init(_ reader: FieldReader) {
        self.reader = reader
    }

    /// `credential:` or `credential_file:`, if one of them is present.
    func optional(_ fields: Fields) -> Workspace.Credential? {
        if let node = fields["credential_file"] {
            if fields["credential"] != nil {
                reader.error(
                    "'credential' and 'credential_file' cannot be used together", help: "remove one of them", at: node)
            }
            return file(node, "credential_file")
        }
        return fields["credential"].flatMap { name($0, "credential") }
    }

    /// The name of a file in the credentials directory.
    func name(_ node: Node, _ key: String) -> Workspace.Credential? {
        guard let text = reader.text(node, key) else { return nil }
        let isName = text.utf8.count <= 255 && text != "." && text != ".." && !text.contains("/")
        guard isName, text.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value < 0x7f }) else {
            let other = key == "credential" ? "credential_file" : "url_file"
            reader.error(
                "'\(key)' must be the name of a file in the credentials directory, without a path",
                help: "to give a path, write '\(other):'", at: node)
            return nil
        }
        return .systemd(text)
    }

    /// The path of a file, relative to the folder of the file that names it.
    func file(_ node: Node, _ key: String) -> Workspace.Credential? {
        guard let text = reader.text(node, key) else { return nil }
        // A bare word may be the secret itself.
        let isPath = text.hasPrefix("/") || text.contains { "/.".contains($0) } && !text.contains(":")
        guard isPath, !text.hasPrefix("~"), !text.unicodeScalars.contains(where: { $0.value < 0x20 }) else {
            reader.error(
                "'\(key)' must be the path of a file",
                help: "write /etc/NAME, or ./NAME for a file in the folder of this one", at: node)
            return nil
        }
        return .file(FilePattern.path(text, in: reader.source(of: node).name))
    }
}
