import Foundation
import Testing

/// Rules that the formatter does not check.
@Suite struct TidyTests {
    private static let files = swiftFiles("Sources")

    private static func swiftFiles(_ name: String) -> [(path: String, text: String)] {
        let folder = CommandLineTests.root + "/" + name
        let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        return names.filter { $0.hasSuffix(".swift") }.compactMap { name in
            (try? String(contentsOfFile: folder + "/" + name, encoding: .utf8)).map { (name, $0) }
        }
    }

    private func imports(_ text: String) -> Set<String> {
        Set(
            text.split(separator: "\n").compactMap { line in
                let words = line.split(separator: " ")
                guard let index = words.firstIndex(of: "import"), index <= 1, words.count == index + 2 else {
                    return nil
                }
                return String(words[index + 1])
            })
    }

    @Test func thereAreSources() { #expect(Self.files.count > 50) }

    @Test func theCoreImportsNothingButTheStandardLibraryAndItself() {
        for (path, text) in Self.files {
            if path.hasPrefix("Guard/") {
                #expect(imports(text).isSubset(of: ["HeapModule", "Model", "Policy"]), "\(path)")
            }
            if path.hasPrefix("Model/") { #expect(imports(text).isEmpty || imports(text) == ["Model"], "\(path)") }
            if path.hasPrefix("Policy/Expression/") { #expect(imports(text).isSubset(of: ["Model"]), "\(path)") }
            if path.hasPrefix("Reporting/") {
                #expect(imports(text).isSubset(of: ["Guard", "Model", "Policy"]), "\(path)")
            }
            if path.hasPrefix("Simulator/") { #expect(!imports(text).contains("Providers"), "\(path)") }
        }
    }

    @Test func theCoreReadsNoClockAndNoRandomness() {
        let banned = [
            "Date()", ".now()", "Clock.now", ".random(", "UUID()", "clock_gettime", "Task {", "Task.detached",
            "fatalError(",
        ]
        for (path, text) in Self.files where path.hasPrefix("Guard/") || path.hasPrefix("Policy/") {
            for call in banned { #expect(!text.contains(call), "\(path) contains \(call)") }
        }
    }

    /// The lines that may create a task, each with its owner.
    private static let ownedTasks: Set<String> = [
        // The daemon's alarm stores its task and cancels it.
        "task = Task(executorPreference: executor) {"
    ]

    @Test func everyTaskHasAnOwner() {
        for (path, text) in Self.files {
            for line in text.split(separator: "\n").map({ $0.trimmingCharacters(in: .whitespaces) }) {
                #expect(!line.contains("Task.detached"), "\(path): \(line)")
                let createsTask = " \(line)".contains(" Task {") || " \(line)".contains(" Task(")
                #expect(!createsTask || Self.ownedTasks.contains(line), "\(path): \(line)")
            }
        }
    }

    @Test func everyTestTargetIsRun() throws {
        let script = try String(contentsOfFile: CommandLineTests.root + "/deploy/test", encoding: .utf8)
        let folders = try FileManager.default.contentsOfDirectory(atPath: CommandLineTests.root + "/Tests")
        let targets = folders.filter { $0.hasSuffix("Tests") }
        #expect(targets.count >= 8)
        for target in targets { #expect(script.contains(target), "deploy/test does not run \(target)") }
    }

    @Test func filesAreOfAReadableLength() {
        for (path, text) in Self.files + Self.swiftFiles("Tests") + Self.swiftFiles("Benchmarks") {
            #expect(text.split(separator: "\n", omittingEmptySubsequences: false).count <= 401, "\(path)")
        }
    }

    /// Only Reporting creates sentences and fields of events.
    @Test func theGuardKnowsNoJournalFields() {
        for (path, text) in Self.files where path.hasPrefix("Guard/") {
            #expect(!text.contains("JournalField"), "\(path)")
        }
    }

    /// Outside its target, a kind of ledger is named only where it is opened.
    @Test func ledgersAreUsedThroughTheirPort() {
        for (path, text) in Self.files where !path.hasPrefix("Ledger/") {
            #expect(!text.contains("SQLiteLedger") && !text.contains("LedgerDatabase"), "\(path)")
        }
    }
}
