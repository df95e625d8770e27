import Policy

/// A folder `/etc/sendwarden` in memory, with a policy and the files that it names.
struct PolicyFiles {
    static let head = """
        version: 1
        mode: enforce
        workspace: {name: acme, provider: leadterra, credential: acme.key}

        """
    static let rule = "rules: [{name: r, when: bounceRate > 5% and resolved >= 50, then: pause}]\n"
    static let folder = "/etc/sendwarden/"

    /// By path; relative paths are in the folder.
    private var files: [String: String] = [:]
    private let policy: String

    init(_ policy: String, _ files: [String: String] = [:]) {
        self.policy = policy
        for (path, text) in files { self.files[path.hasPrefix("/") ? path : Self.folder + path] = text }
    }

    var source: SourceFile { SourceFile(name: Self.folder + "policy.yaml", text: policy) }

    func load(included: [SourceFile]? = nil) -> PolicyLoader.Outcome {
        PolicyLoader.load(
            source, included: included,
            read: { path throws(PolicyFileError) in
                guard let text = files[path] else {
                    throw PolicyFileError(code: .missing, reason: "\(path): no such file", help: "give another")
                }
                return SourceFile(name: path, text: text)
            },
            names: { folder throws(PolicyFileError) in
                let names = files.keys.filter { $0.hasPrefix(folder) && !$0.dropFirst(folder.count).contains("/") }
                guard !names.isEmpty else {
                    throw PolicyFileError(code: .missing, reason: "\(folder): no such folder", help: "create it")
                }
                return names.map { String($0.dropFirst(folder.count)) }.filter { !$0.isEmpty }
            })
    }

    /// `policy.yaml:4:1: message`, in the order of the files, without the folder.
    func found(_ severity: Diagnostic.Severity = .error) -> [String] {
        SourceFile.sorted(load().diagnostics).filter { $0.severity == severity }.map {
            let name = ($0.source ?? source).name
            let short = name.hasPrefix(Self.folder) ? String(name.dropFirst(Self.folder.count)) : name
            return "\(short):\($0.position.line):\($0.position.column): \($0.message.replacing(Self.folder, with: ""))"
        }
    }

    func help() -> [String] { SourceFile.sorted(load().diagnostics).compactMap(\.help) }
}
