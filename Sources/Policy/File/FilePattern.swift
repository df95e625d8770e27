/// The path of a file, or a folder and a pattern for the names in it.
struct FilePattern {
    /// Ends with `/`; empty for the current folder.
    let folder: String
    let name: String

    /// - Parameter path: relative to the folder of the file named `file`, unless it is absolute.
    init(_ path: String, in file: String) {
        let whole = FilePattern.path(path, in: file)
        let end = whole.lastIndex(of: "/").map { whole.index(after: $0) } ?? whole.startIndex
        (folder, name) = (String(whole[..<end]), String(whole[end...]))
    }

    var path: String { folder + name }
    var isPattern: Bool { FilePattern.hasWildcard(name) }

    /// The path as it is opened, without steps that go nowhere, such as `./`.
    static func path(_ path: String, in file: String) -> String {
        let base = path.hasPrefix("/") ? "" : file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
        let whole = base + path
        let parts = whole.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
        return (whole.hasPrefix("/") ? "/" : "") + parts + (whole.hasSuffix("/") ? "/" : "")
    }

    static func hasWildcard(_ text: some StringProtocol) -> Bool { text.contains { "*?[]{}".contains($0) } }

    /// True if the pattern, in which `*` stands for any characters and `?` for one, matches the whole name.
    func matches(_ candidate: String) -> Bool {
        let (pattern, text) = (Array(name.unicodeScalars), Array(candidate.unicodeScalars))
        var (at, index) = (0, 0)
        // Where to continue if the characters after the last `*` do not match.
        var retry: (at: Int, index: Int)?
        while index < text.count {
            if at < pattern.count, pattern[at] == "*" {
                retry = (at + 1, index)
                at += 1
            } else if at < pattern.count, pattern[at] == "?" || pattern[at] == text[index] {
                (at, index) = (at + 1, index + 1)
            } else if let last = retry {
                retry = (last.at, last.index + 1)
                (at, index) = (last.at, last.index + 1)
            } else {
                return false
            }
        }
        return pattern[at...].allSatisfy { $0 == "*" }
    }
}
