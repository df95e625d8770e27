import Foundation
import Model
import Policy
import Rehearsal
import Testing

/// The documents agree with the code.
@Suite struct DocumentationTests {
    private func read(_ file: String) throws -> String {
        try String(contentsOfFile: CommandLineTests.root + "/" + file, encoding: .utf8)
    }

    /// The first cells of a document's table rows, without markup.
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

    /// The tables are derived from the registry; `SENDWARDEN_WRITE_DOCS=1` rewrites them.
    @Test func theTablesOfNamesAndFunctionsAreThoseOfTheRegistry() throws {
        let path = CommandLineTests.root + "/docs/policy.md"
        let text = try read("docs/policy.md")
        let start = try #require(text.range(of: "| name | unit | meaning |"))
        let functions = try #require(text.range(of: "| function | unit | meaning |"))
        let end = text.range(of: "\n\n", range: functions.upperBound..<text.endIndex)?.lowerBound ?? text.endIndex
        if ProcessInfo.processInfo.environment["SENDWARDEN_WRITE_DOCS"] != nil {
            let written = text.replacingCharacters(in: start.lowerBound..<end, with: Registry.reference)
            try written.write(toFile: path, atomically: true, encoding: .utf8)
        } else {
            #expect(text[start.lowerBound..<end] == Registry.reference)
        }
    }

    /// The error about an unknown key lists the keys that the program accepts.
    @Test(arguments: [
        ("zzzzzzzz: 1", ""), ("workspace: {zzzzzzzz: 1}", "workspace"), ("poll: {zzzzzzzz: 1}", "poll"),
        ("campaigns: [{zzzzzzzz: 1}]", "campaigns"), ("launches: [{zzzzzzzz: 1}]", "launches"),
        ("rules: [{zzzzzzzz: 1}]", "rules"), ("pools: [{zzzzzzzz: 1}]", "pools"),
        ("overrides: [{zzzzzzzz: 1}]", "overrides"),
        ("notify: [{zzzzzzzz: 1}]", "notify"), ("notify: [{webhook: {zzzzzzzz: 1}}]", "webhook"),
        ("notify: [{alertmanager: {zzzzzzzz: 1}}]", "alertmanager"), ("notify: [{email: {zzzzzzzz: 1}}]", "email"),
        ("heartbeat: {zzzzzzzz: 1}", "heartbeat"), ("quiet: [{zzzzzzzz: 1}]", "quiet"),
    ])
    func everyKeyIsInThePolicyReference(_ policy: String, _ section: String) throws {
        let known = try Self.knownKeys(PolicyLoader.load(SourceFile(name: "p", text: policy)).diagnostics)
        #expect(known.count >= 3)
        let text = try read("docs/policy.md")
        let part = text.components(separatedBy: "\n##").first {
            section.isEmpty ? $0.hasPrefix(" Keys") : $0.hasPrefix("# ") && $0.prefix(30).contains("`\(section)`")
        }
        #expect(Set(firstCells(try #require(part))) == Set(known))
    }

    @Test(arguments: Provider.allCases)
    func everyProviderIsDocumented(_ provider: Provider) throws {
        let policy = try read("docs/policy.md")
        #expect(policy.contains("`\(provider.rawValue)`") && policy.contains("`\(provider.traits.url)`"))
        let description = "docs/api/\(provider.rawValue.replacing("_", with: "-")).openapi.yaml"
        #expect(try read(description).contains(provider.traits.url))
    }

    /// The installed policy must not act before its user has edited it.
    @Test func theInstalledPolicyUsesObserveMode() throws {
        let text = try read("config/policy.yaml")
        let policy = try #require(PolicyLoader.load(SourceFile(name: "policy.yaml", text: text)).policy)
        #expect(policy.mode == .observe)
        #expect(policy.rules.contains { $0.action == .pause } && policy.rules.contains { $0.action == .hold })
    }

    /// As for the policy, the error about an unknown key lists the accepted keys.
    @Test(arguments: [
        ("zzzzzzzz: 1", "Keys of a file"), ("tests: [{zzzzzzzz: 1}]", "Keys of a test"),
        ("tests: [{name: a, expect: [{zzzzzzzz: 1, at: 1s}]}]", "Expectations"),
    ])
    func everyKeyOfATestFileIsDocumented(_ text: String, _ section: String) throws {
        let known = try Self.knownKeys(TestFileReader.read(SourceFile(name: "t", text: text)).diagnostics)
        #expect(known.count >= 5)
        let part = try read("docs/testing.md").components(separatedBy: "\n## ").first { $0.hasPrefix(section) }
        for key in known where !["start", "interval", "mode"].contains(key) || section == "Keys of a file" {
            #expect(try #require(part).contains("`\(key)`"), "\(key)")
        }
    }

    @Test func everyCommandIsInTheREADME() throws {
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
