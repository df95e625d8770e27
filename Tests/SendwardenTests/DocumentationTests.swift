import Foundation
import Model
import Policy
import Rehearsal
import Testing

/// The documents say what the code does.
@Suite struct DocumentationTests {
    private func read(_ file: String) throws -> String {
        try String(contentsOfFile: CommandLineTests.root + "/" + file, encoding: .utf8)
    }

    /// The first cells of a document's table rows, without their marks.
    private func firstCells(_ text: String) -> [String] {
        text.split(separator: "\n").filter { $0.hasPrefix("| `") }.map {
            String($0.dropFirst(3).prefix { $0 != "`" })
        }
    }

    /// The keys that an unknown key's error lists.
    static func knownKeys(_ diagnostics: [Diagnostic]) throws -> [String] {
        let help = try #require(diagnostics.first { $0.message.contains("zzzzzzzz") }?.help)
        return try #require(help.split(separator: "keys are ").last).components(separatedBy: ", ")
    }

    private func word(_ priority: Priority) -> String { priority.word }

    @Test func everyEventStandsInTheDocumentWithItsIDAndPriority() throws {
        let text = try read("docs/events.md")
        for kind in EventKind.allCases {
            #expect(
                text.contains("| `\(kind.rawValue)` | \(word(kind.priority)) | `\(kind.messageID)` | "),
                "\(kind.rawValue)")
        }
        for field in JournalField.allCases { #expect(text.contains("| `\(field.rawValue)` | "), "\(field.rawValue)") }
        let known = Set(EventKind.allCases.map(\.rawValue) + JournalField.allCases.map(\.rawValue))
        #expect(Set(firstCells(text)) == known)
    }

    @Test func everyEventStandsInTheCatalog() throws {
        let sections = try read("config/sendwarden.catalog").components(separatedBy: "\n-- ").dropFirst()
        var seen: [String] = []
        for section in sections {
            let lines = section.components(separatedBy: "\n")
            seen.append(lines[0])
            #expect(lines[1].hasPrefix("Subject: ") && lines[1].count > 12)
            #expect(lines[2] == "Defined-By: Sendwarden")
            let gap = try #require(lines.firstIndex(of: ""))
            #expect(lines[(gap + 1)...].joined().count > 30, "\(lines[1]) explains nothing")
        }
        #expect(seen.sorted() == EventKind.allCases.map(\.messageID).sorted())
    }

    @Test func everyNameOfTheLanguageStandsInThePolicyReference() throws {
        let cells = Set(firstCells(try read("docs/policy.md")))
        for gauge in Gauge.allCases { #expect(cells.contains(gauge.rawValue), "\(gauge.rawValue)") }
        for function in [
            "bounceRate(24h)", "increase(x, 24h)", "rate(x, 1h)", "age(stats)", "campaign.label(", "wilson_lower(",
            "wilson_upper(",
        ] {
            #expect(cells.contains { $0.hasPrefix(function) }, "\(function)")
        }
    }

    /// The keys that the program knows are those that an unknown key's error lists.
    @Test(arguments: [
        ("zzzzzzzz: 1", ""), ("workspace: {zzzzzzzz: 1}", "workspace"), ("poll: {zzzzzzzz: 1}", "poll"),
        ("campaigns: [{zzzzzzzz: 1}]", "campaigns"), ("launches: [{zzzzzzzz: 1}]", "launches"),
        ("rules: [{zzzzzzzz: 1}]", "rules"), ("pools: [{zzzzzzzz: 1}]", "pools"),
    ])
    func everyKeyStandsInThePolicyReference(_ policy: String, _ section: String) throws {
        let known = try Self.knownKeys(PolicyLoader.load(SourceFile(name: "p", text: policy)).diagnostics)
        #expect(known.count >= 4)
        let text = try read("docs/policy.md")
        let part = text.components(separatedBy: "\n##").first {
            section.isEmpty ? $0.hasPrefix(" Keys") : $0.hasPrefix("# ") && $0.prefix(30).contains("`\(section)`")
        }
        #expect(Set(firstCells(try #require(part))) == Set(known))
    }

    @Test(arguments: Provider.allCases)
    func everyProviderStandsInTheDocuments(_ provider: Provider) throws {
        let policy = try read("docs/policy.md")
        #expect(policy.contains("`\(provider.rawValue)`") && policy.contains("`\(provider.traits.url)`"))
        let description = "docs/api/\(provider.rawValue.replacing("_", with: "-")).openapi.yaml"
        #expect(try read(description).contains(provider.traits.url))
    }

    /// The installed policy explains each of the keys that it uses, and starts harmlessly.
    @Test func theInstalledPolicyBeginsInObserveMode() throws {
        let text = try read("config/policy.yaml")
        let policy = try #require(PolicyLoader.load(SourceFile(name: "policy.yaml", text: text)).policy)
        #expect(policy.mode == .observe)
        #expect(policy.rules.contains { $0.action == .pause } && policy.rules.contains { $0.action == .hold })
    }

    /// The keys of a test file stand in its document, as the reader itself lists them.
    @Test(arguments: [
        ("zzzzzzzz: 1", "Keys of a file"), ("tests: [{zzzzzzzz: 1}]", "Keys of a test"),
        ("tests: [{name: a, expect: [{zzzzzzzz: 1, at: 1s}]}]", "Expectations"),
    ])
    func everyKeyOfATestStandsInItsDocument(_ text: String, _ section: String) throws {
        let known = try Self.knownKeys(TestFileReader.read(SourceFile(name: "t", text: text)).diagnostics)
        #expect(known.count >= 5)
        let part = try read("docs/testing.md").components(separatedBy: "\n## ").first { $0.hasPrefix(section) }
        for key in known where !["start", "interval", "mode"].contains(key) || section == "Keys of a file" {
            #expect(try #require(part).contains("`\(key)`"), "\(key)")
        }
    }

    /// Every command stands in the README.
    @Test func everyCommandStandsInTheREADME() throws {
        let help = try Program.run(["--help"]).stdout
        let commands =
            help.components(separatedBy: "SUBCOMMANDS:").last?.split(separator: "\n").compactMap { line in
                line.hasPrefix("  ") && !line.hasPrefix("   ") ? line.split(separator: " ").first.map(String.init) : nil
            } ?? []
        let names = commands.filter { $0.first?.isLowercase == true }
        #expect(names.count >= 18)
        let table = try read("README.md").components(separatedBy: "## Commands").last ?? ""
        for command in names { #expect(table.contains(" \(command)") || table.contains("`\(command)`"), "\(command)") }
    }
}
