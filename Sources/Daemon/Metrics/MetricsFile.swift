import Glibc
package import Journal
import Model
import ServiceLifecycle

/// Writes the metrics to a file, for node_exporter's textfile collector, as a whole or not at all.
package struct MetricsFile: Service {
    private static let interval: Duration = .seconds(15)

    private let path: String
    private let desk: ControlDesk
    private let journal: Journal

    package init(path: String, desk: ControlDesk, journal: Journal) {
        self.path = path
        self.desk = desk
        self.journal = journal
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            var hasFailed = false
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(1))
                guard !Task.isCancelled, let text = await desk.metrics() else { break }
                let failure = write(text)
                if let failure, !hasFailed {
                    journal.report(
                        JournalEvent(
                            .controlFailed,
                            "cannot write metrics to \(path): \(failure); campaigns are guarded all the same",
                            fields: [.reason: failure]))
                }
                hasFailed = failure != nil
                try? await Task.sleep(for: MetricsFile.interval)
            }
        }
        // What stands in the file would be taken for news.
        unlink(path)
    }

    /// Why it could not be written; nil where it was.
    private func write(_ text: String) -> String? {
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
