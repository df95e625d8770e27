/// The files of one policy, whose lines are numbered one after another, so that a node's line identifies its file.
struct SourceLines {
    private(set) var files: [SourceFile]
    /// How many lines precede each file.
    private var starts = [0]

    init(_ source: SourceFile) { files = [source] }

    /// Adds a file; returns how many lines precede it.
    mutating func add(_ source: SourceFile) -> Int {
        // A position can be one line beyond the end of a file.
        let start = starts[starts.count - 1] + files[files.count - 1].lineCount + 1
        files.append(source)
        starts.append(start)
        return start
    }

    /// The index of the file that has this line.
    func file(ofLine line: Int) -> Int {
        var (low, high) = (0, starts.count - 1)
        while low < high {
            let middle = (low + high + 1) / 2
            if starts[middle] < line { low = middle } else { high = middle - 1 }
        }
        return low
    }

    /// The line's number in its own file.
    func localLine(_ line: Int) -> Int { line - starts[file(ofLine: line)] }
}
