import Foundation
import Testing

/// What the formatter cannot see.
@Suite struct TidyTests {
    private static let files: [(path: String, text: String)] = {
        let folder = CommandLineTests.root + "/Sources"
        let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        return names.filter { $0.hasSuffix(".swift") }.compactMap { name in
            (try? String(contentsOfFile: folder + "/" + name, encoding: .utf8)).map { (name, $0) }
        }
    }()

    private func imports(_ text: String) -> Set<String> {
        Set(
            text.split(separator: "\n").compactMap { line in
                let words = line.split(separator: " ")
                guard let place = words.firstIndex(of: "import"), place <= 1, words.count == place + 2 else {
                    return nil
                }
                return String(words[place + 1])
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
            if path.hasPrefix("Simulator/") { #expect(!imports(text).contains("Providers"), "\(path)") }
        }
    }

    @Test func theCoreAsksNoClockAndNoDice() {
        let banned = [
            "Date()", ".now()", "Clock.now", ".random(", "UUID()", "clock_gettime", "Task {", "Task.detached",
            "fatalError(",
        ]
        for (path, text) in Self.files where path.hasPrefix("Guard/") || path.hasPrefix("Policy/") {
            for call in banned { #expect(!text.contains(call), "\(path) holds \(call)") }
        }
    }

    @Test func noTaskIsWithoutAnOwner() {
        for (path, text) in Self.files {
            #expect(!text.contains("Task.detached"), "\(path)")
            // The daemon's alarm is the one task that is kept in a value, which cancels it.
            if path != "Daemon/Loop/Alarm.swift" {
                #expect(!text.contains(" Task {") && !text.contains(" Task("), "\(path)")
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
        for (path, text) in Self.files {
            #expect(text.split(separator: "\n", omittingEmptySubsequences: false).count <= 500, "\(path)")
        }
    }
}
