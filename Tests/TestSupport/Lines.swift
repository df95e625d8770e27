import Synchronization

/// A list of lines that any task may append to.
package final class Lines: Sendable {
    private let lines = Mutex<[String]>([])

    package init() {}

    package var all: [String] { lines.withLock { $0 } }

    @Sendable package func add(_ line: String) { lines.withLock { $0.append(line) } }
}
