import Yams

/// Reads `include:` and the files that it names.
struct IncludeReader {
    /// One team maintains fewer files than this.
    static let filesMax = 500
    /// The most text of all included files together, in bytes.
    static let bytesMax = 4 << 20

    static let entriesMax = 100

    /// A file and the node that names it.
    struct File {
        var source: SourceFile
        var node: Node
    }

    let reader: FieldReader
    let disk: PolicyLoader.Disk

    /// The files in the order of `include`, those of one pattern by name; files that cannot be read are errors.
    ///
    /// - Parameter known: the files as they were read before; nil to read them from the disk.
    func files(_ node: Node, known: [SourceFile]?) -> [File] {
        if let known { return known.map { File(source: $0, node: node) } }
        let nodes =
            node.sequence == nil ? [node] : reader.elements(node, of: "include", countMax: IncludeReader.entriesMax)
        var paths: [(path: String, node: Node)] = []
        var seen: Set<String> = []
        for node in nodes {
            for path in self.paths(node) where seen.insert(path).inserted { paths.append((path, node)) }
        }
        guard paths.count <= IncludeReader.filesMax else {
            reader.error(
                "'include' names \(paths.count) files; the limit is \(IncludeReader.filesMax)",
                help: "merge files, or list campaigns in a 'campaigns_file'", at: node)
            return []
        }
        var files: [File] = []
        var bytes = 0
        for (path, node) in paths {
            guard let source = source(path, node) else { continue }
            bytes += source.text.utf8.count
            guard bytes <= IncludeReader.bytesMax else {
                reader.error(
                    "the included files have more than \(IncludeReader.bytesMax >> 20) MiB together",
                    help: "list campaigns in a 'campaigns_file'", at: node)
                break
            }
            files.append(File(source: source, node: node))
        }
        return files
    }

    /// The paths that an entry names; none, and an error, if it is not valid.
    private func paths(_ node: Node) -> [String] {
        guard let text = reader.text(node, "include") else { return [] }
        guard !text.unicodeScalars.contains(where: { $0.value < 0x20 }) else {
            reader.error("the path contains a control character", at: node)
            return []
        }
        let file = FilePattern(text, in: reader.source.name)
        if FilePattern.hasWildcard(text), text.contains(where: { "[]{}".contains($0) }) {
            reader.error("a pattern can contain only '*' and '?'", help: "for example policy.d/*.yaml", at: node)
        } else if FilePattern.hasWildcard(file.folder) {
            reader.error(
                "a pattern can be only in the name of a file, not in that of a folder",
                help: "list each folder, for example [a/*.yaml, b/*.yaml]", at: node)
        } else if file.name.isEmpty {
            reader.error("'\(text.prefix(100))' is a folder", help: "write \(text.prefix(100))*.yaml", at: node)
        } else if file.isPattern {
            return matches(file, node)
        } else {
            return refusesItself(file.path, node) ? [] : [file.path]
        }
        return []
    }

    private func matches(_ pattern: FilePattern, _ node: Node) -> [String] {
        do throws(PolicyFileError) {
            let names = try disk.names(pattern.folder.isEmpty ? "." : pattern.folder).filter(pattern.matches)
            let sorted = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            return sorted.map { pattern.folder + $0 }.filter { !refusesItself($0, node) }
        } catch {
            reader.error("cannot list the included files: \(error.reason)", help: error.help, at: node)
            return []
        }
    }

    private func refusesItself(_ path: String, _ node: Node) -> Bool {
        guard path == FilePattern.path(reader.source.name, in: "") else { return false }
        reader.error(
            "the policy includes itself", help: "give the included files a folder of their own, such as policy.d",
            at: node)
        return true
    }

    private func source(_ path: String, _ node: Node) -> SourceFile? {
        do throws(PolicyFileError) {
            return try disk.read(path)
        } catch {
            let help =
                switch error.code {
                case .missing where FilePattern.hasWildcard(node.scalar?.string ?? ""):
                    "the folder contains a link to a file that does not exist: remove the link, or create the file"
                case .missing: "create it, or write a pattern such as policy.d/*.yaml, which may match nothing"
                case .noPermission: error.help
                case .unusable:
                    error.help ?? "use a YAML file; a pattern such as policy.d/*.yaml includes all of a folder"
                }
            reader.error("cannot read the included file: \(error.reason)", help: help, at: node)
            return nil
        }
    }
}
