import Foundation
import Policy
import Testing

/// Every `*.bad.yaml` starts with the errors that it must be refused with, and their positions.
@Suite struct MalformedPolicyTests {
    static let files: [URL] = {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Malformed")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.sorted().map { folder.appending(path: $0) }
    }()

    @Test func thereAreAtLeastFortyFiles() {
        #expect(Self.files.count >= 40)
        #expect(Self.files.allSatisfy { $0.path.hasSuffix(".bad.yaml") })
    }

    @Test(arguments: files)
    func reportsEveryErrorWithItsPosition(_ file: URL) throws {
        let text = try String(contentsOf: file, encoding: .utf8)
        let marks = text.split(separator: "\n").filter { $0.hasPrefix("# expect ") }.map { String($0.dropFirst(9)) }
        try #require(!marks.isEmpty, "the file has no '# expect LINE:COLUMN: message'")
        let outcome = PolicyLoader.load(SourceFile(name: file.lastPathComponent, text: text))
        let errors = outcome.diagnostics.filter { $0.severity == .error }.sorted { $0.position < $1.position }
        #expect(errors.map { "\($0.position.line):\($0.position.column): \($0.message)" } == marks)
        #expect(outcome.policy == nil)
    }

    @Test(arguments: files)
    func reportsOneErrorPerPosition(_ file: URL) throws {
        let text = try String(contentsOf: file, encoding: .utf8)
        let outcome = PolicyLoader.load(SourceFile(name: "p", text: text))
        let positions = outcome.diagnostics.filter { $0.severity == .error }.map(\.position)
        #expect(Set(positions).count == positions.count)
    }

    // MARK: Hostile files

    private func errors(_ text: String) -> [Diagnostic] {
        PolicyLoader.load(SourceFile(name: "p", text: text)).diagnostics.filter { $0.severity == .error }
    }

    @Test func anEmptyFileReportsHowToStart() {
        #expect(errors("").first?.help?.contains("version: 1") == true)
        #expect(errors("# only a comment\n").first?.message == "the file is empty")
    }

    @Test func deepNestingIsRefused() {
        for depth in [100, 1_000, 200_000] {
            #expect(!errors("a: " + String(repeating: "[", count: depth)).isEmpty)
            #expect(!errors("version: 1\nrules: " + String(repeating: "{a: ", count: depth)).isEmpty)
        }
    }

    @Test func deepExpressionsAreRefused() {
        for condition in [
            String(repeating: "(", count: 900) + "sent > 5", String(repeating: "not ", count: 400) + "sent > 5",
            "sent > " + String(repeating: "-", count: 1500) + "5", String(repeating: "f(", count: 700),
        ] {
            #expect(errors(SamplePolicy.text(when: condition)).first?.message.contains("nested") == true)
        }
        let long = SamplePolicy.text(when: String(repeating: "sent > 5 or ", count: 500) + "sent > 5")
        #expect(errors(long).first?.message.contains("the limit is 2000") == true)
    }

    @Test func nestedAliasesAreRefused() {
        var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...15 {
            let alias = "*a\(level - 1)"
            bomb += "a\(level): &a\(level) [\(Array(repeating: alias, count: 10).joined(separator: ", "))]\n"
        }
        #expect(errors(bomb).first?.message.contains("aliases") == true)
    }

    @Test func controlCharactersAreRefused() {
        #expect(!errors("version: 1\u{0}\n").isEmpty)
        let escape = SamplePolicy.text(when: "sent > 5").replacing("name: acme", with: "name: \"ac\\e[31mme\"")
        #expect(errors(escape).first?.message == "the workspace's name contains a control character, U+001B")
        let hidden = [
            ("name: acme", "name: \"ac\\u200Bme\""),
            ("name: One", "name: \"O\\u202Ene\""), ("camp_1,", "\"camp\\u2060_1\","),
        ]
        for (part, replacement) in hidden {
            let refused = errors(SamplePolicy.text(when: "sent > 5").replacing(part, with: replacement))
            #expect(!refused.isEmpty, "\(replacement)")
        }
    }

    @Test func aConditionCutByACommaGetsHelpToQuoteIt() {
        let rule = "{name: many, when: increase(resolved, 24h) >= 50, then: alert}"
        let help = errors("version: 1\nrules:\n  - \(rule)").compactMap(\.help)
        #expect(help.filter { $0.contains("put the condition in quotes") }.count == 2)
    }

    @Test func diagnosticsMaskSecrets() {
        let source = SourceFile(
            name: "p", text: SamplePolicy.text(when: "sent > 5").replacing("acme.key", with: "sk_live_51HGe2eZvKYlo2C"))
        let shown = source.render(PolicyLoader.load(source).diagnostics)
        #expect(shown.contains("the policy contains an API key"))
        #expect(!shown.contains("51HGe2eZvKYlo2C"))
    }

    /// A URL or a token that is written in the wrong form is quoted without what may be secret in it.
    @Test(arguments: [
        "webhook: {url: hooks.slack.example/services/T0/SECRET}", "webhook: {url: '//hooks.slack.example/SECRET'}",
        "webhook: {url: 'https:/hooks.slack.example/SECRET'}", "webhook: {url: 'ftp://x.example/SECRET'}",
        "webhook: {url: 'https://ho oks.example/SECRET'}", "webhook: {url: 'http://evil.example/SECRET'}",
        "webhook: {url: 'https://x.example/a', credential: 'Bearer SECRET'}",
        "webhook: {url: 'https://x.example/a', credential_file: SECRETTOKEN}",
        "webhook: {url_file: SECRETTOKEN}",
    ])
    func diagnosticsMaskMistypedSecrets(_ receiver: String) {
        let source = SourceFile(
            name: "p", text: SamplePolicy.text(when: "sent > 5") + "\nnotify:\n  - {name: r, \(receiver)}\n")
        let outcome = PolicyLoader.load(source)
        #expect(outcome.policy == nil)
        let shown = source.render(outcome.diagnostics)
        #expect(shown.contains("name: r") && !shown.contains("SECRET"), "\(shown)")
    }
}
