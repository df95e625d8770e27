import Yams

/// The keys of a policy and of the files that it includes.
struct Sections {
    /// The keys of each file: the policy's own, then those of the included files.
    var files: [Fields]
    /// The keys of all files, with joined lists; without `workspace` and `defaults` of included files.
    var joined: Fields
}

/// Joins the sections of a policy with those of the files that it includes.
struct SectionReader {
    /// The keys whose lists are joined.
    private static let lists: Set = [
        "workspaces", "pools", "campaigns", "campaigns_file", "launches", "rules", "overrides", "notify",
    ]
    /// The keys that each file can set separately.
    private static let own: Set = ["version", "workspace", "defaults"]

    let reader: FieldReader
    let known: [String]
    let hints: [String: String]

    /// The sections; nil, and an error, if a file has none.
    func sections(_ root: Node, _ files: [IncludeReader.File]) -> Sections? {
        guard let main = fields(root, of: "the policy") else { return nil }
        var all = [main]
        var isWhole = true
        for file in files {
            let offset = reader.include(file.source)
            switch YAMLDocument.root(file.source, after: offset) {
            case .failure(let fault):
                reader.add(fault.diagnostic(in: file.source))
                isWhole = false
            case .success(nil):
                reader.warning("the included file \(file.source.name) is empty", at: file.node)
                all.append(Fields(node: file.node))
            case .success(let node?):
                guard let fields = fields(node, of: "an included file") else {
                    isWhole = false
                    continue
                }
                all.append(fields)
            }
        }
        return isWhole ? Sections(files: all, joined: joined(all)) : nil
    }

    private func fields(_ node: Node, of what: String) -> Fields? {
        reader.fields(
            node, of: what, known: what == "the policy" ? known : known.filter { $0 != "include" },
            deprecated: [LimitReader.deprecatedKey], hints: what == "the policy" ? hints : includedHints)
    }

    private var includedHints: [String: String] {
        hints.merging(["include": "only the policy itself can include files: list this file there"]) { $1 }
    }

    private func joined(_ files: [Fields]) -> Fields {
        var joined = files[0]
        for file in files.dropFirst() {
            joined.misspelled.formUnion(file.misspelled)
            // In the order of the file, so that diagnostics are, too.
            let names = file.keys.keys.sorted { reader.position(file.key($0)) < reader.position(file.key($1)) }
            for name in names where !SectionReader.own.contains(name) {
                guard let key = file.keys[name], let value = file[name] else { continue }
                guard let earlier = joined.keys[name], let first = joined[name] else {
                    (joined.keys[name], joined.values[name]) = (key, value)
                    continue
                }
                if SectionReader.lists.contains(name) {
                    if let list = list(first, and: value, name) { joined.values[name] = list }
                } else {
                    reader.error(
                        "'\(name)' is already set in \(reader.place(earlier, from: key))",
                        help: "set it once, in the policy or in one included file", at: key)
                }
            }
        }
        return joined
    }

    /// Both lists as one; nil, and an error, if the second is not a list.
    private func list(_ first: Node, and second: Node, _ name: String) -> Node? {
        guard let added = elements(second, name) else {
            _ = reader.elements(second, of: name, countMax: 0)
            return nil
        }
        // The reader of the section reports a first value that is not a list.
        guard let elements = elements(first, name) else { return nil }
        guard var list = first.sequence ?? second.sequence else {
            return added.isEmpty ? nil : Node(elements + added)
        }
        list.replaceSubrange(0..<list.count, with: elements + added)
        return .sequence(list)
    }

    private func elements(_ node: Node, _ name: String) -> [Node]? {
        if let sequence = node.sequence { return Array(sequence) }
        if reader.isNull(node) { return [] }
        // One file needs no list.
        return name == "campaigns_file" && node.scalar != nil ? [node] : nil
    }
}
