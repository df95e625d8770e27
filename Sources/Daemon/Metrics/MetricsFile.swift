import Glibc
package import Journal
import Model
import ServiceLifecycle
package import Threads

/// Writes the metrics to a file, atomically, for node_exporter's textfile collector.
package struct MetricsFile: Service {
    private static let interval: Duration = .seconds(15)

    private let path: String
    private let control: ControlChannel
    private let journal: Journal

    private let files: BlockingWork

    package init(path: String, control: ControlChannel, journal: Journal, files: BlockingWork) {
        self.path = path
        self.control = control
        self.files = files
        self.journal = journal
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            var hasFailed = false
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(1))
                guard !Task.isCancelled, let text = await control.metrics() else { break }
                let path = path
                // If the file system hangs, it blocks only the file thread, and further rounds fail.
                let result = await files.run { MetricsFile.write(text, to: path) }
                let failure = result ?? "too many operations wait for the disk"
                if let failure, !hasFailed {
                    journal.report(
                        JournalEvent(
                            .controlFailed,
                            "cannot write metrics to \(path): \(failure); campaigns are still watched",
                            fields: [.reason: failure]))
                }
                hasFailed = failure != nil
                try? await Task.sleep(for: MetricsFile.interval)
            }
        }
        // A stale file would be read as current.
        _ = await files.run { [path] in unlink(path) }
    }

    /// The reason of a failure; nil on success.
    private static func write(_ text: String, to path: String) -> String? {
        let draft = path + ".new"
        guard let file = fopen(draft, "w") else { return String(cString: strerror(errno)) }
        let isWritten = fputs(text, file) >= 0
        let isClosed = fclose(file) == 0
        guard isWritten, isClosed, chmod(draft, 0o644) == 0, rename(draft, path) == 0 else {
            let reason = String(cString: strerror(errno))
            unlink(draft)
            return reason
        }
        return nil
    }
}
