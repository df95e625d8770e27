import Policy
import Testing

/// Errors of files that are not YAML say what their author did, where, and what to write instead.
@Suite struct BrokenYAMLTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var name: String
        /// What follows the three lines of the head.
        var text: String
        var error: String
        var help: String
        var testDescription: String { name }
    }

    private static func indented(_ count: Int) -> String {
        "the line is indented by \(count) space\(count == 1 ? "" : "s"), which does not match the lines above"
    }

    static let cases = [
        Case(
            name: "deeper key", text: "poll:\n  stats: 1m\n   pools: 1m\n", error: "6:4: \(indented(3))",
            help: "to continue line 5, indent it by 2 spaces"),
        Case(
            name: "shallower key", text: "poll:\n   stats: 1m\n  pools: 1m\n", error: "6:3: \(indented(2))",
            help: "to continue line 5, indent it by 3 spaces"),
        Case(
            name: "key of an entry", text: "rules:\n  - name: x\n   when: y\n", error: "6:4: \(indented(3))",
            help: "to continue line 5, indent it by 4 spaces"),
        Case(
            name: "key like its dash", text: "rules:\n  - name: x\n  when: y\n", error: "6:3: \(indented(2))",
            help: "to continue line 5, indent it by 4 spaces"),
        Case(
            name: "top-level key", text: "campaigns: [a]\n# note\n\n  rules:\n", error: "7:3: \(indented(2))",
            help: "remove the indentation, as in line 4"),
        Case(
            name: "entry", text: "campaigns:\n  - id: a\n - id: b\n", error: "6:2: \(indented(1))",
            help: "to continue line 5, indent it by 2 spaces"),
        Case(
            name: "colon in a text", text: "rules:\n  - name: x: y\n",
            error: "5:12: invalid YAML: mapping values are not allowed in this context",
            help: "put the text in quotes if it contains ': '"),
        Case(
            name: "unclosed list", text: "campaigns: [a, b\nrules: [{name: x, when: y}]\n",
            error: "4:12: '[' is never closed", help: "add ']' where the entries end"),
        Case(
            name: "unclosed mapping", text: "campaigns:\n  - {id: a, name: One\n  - {id: b}\n",
            error: "5:5: '{' is never closed", help: "add '}' where the entries end"),
        Case(
            name: "unclosed at the end", text: "campaigns:\n  - {id: a, name: \"}\" # }\n",
            error: "5:5: '{' is never closed", help: "add '}' where the entries end"),
        Case(
            name: "unclosed in a closed one", text: "campaigns: [a, {id: b, labels: {c: d}]\n",
            error: "4:16: '{' is closed by ']'", help: "close it with '}'"),
        Case(
            name: "wrong bracket", text: "campaigns: [a, b}\n", error: "4:12: '[' is closed by '}'",
            help: "close it with ']'"),
        Case(
            name: "missing comma", text: "poll: {\n  stats: \"1m\"\n  pools: \"1m\"\n}\n",
            error: "6:3: a comma is missing before this",
            help: "separate the entries between '{' and '}' with commas, and put texts with ': ' in quotes"),
        Case(
            name: "stray bracket", text: "campaigns:\n  - {id: a}}\n", error: "5:12: '}' closes nothing",
            help: "remove it"),
        Case(
            name: "text after a quote", text: "campaigns:\n  - id: \"a\" b\n",
            error: "5:13: unexpected text after the value", help: "put the whole value in quotes"),
        Case(
            name: "unclosed quote", text: "rules:\n  - name: \"x\n    when: y\n",
            error: "5:11: the quote is never closed", help: "end the text with the same quote"),
    ]

    private func outcome(_ text: String) -> [Diagnostic] {
        PolicyLoader.load(SourceFile(name: "p", text: PolicyFiles.head + text)).diagnostics
    }

    @Test(arguments: cases) func theErrorIsWhereTheMistakeIs(_ broken: Case) {
        let found = outcome(broken.text)
        #expect(found.map { "\($0.position.line):\($0.position.column): \($0.message)" } == [broken.error])
        #expect(found.map(\.help) == [broken.help])
    }

    /// Positions in an included file are its own.
    @Test(arguments: cases) func theSameInAnIncludedFile(_ broken: Case) {
        let files = PolicyFiles(PolicyFiles.head + "include: a.yaml\n", ["a.yaml": PolicyFiles.head + broken.text])
        #expect(files.found() == ["a.yaml:" + broken.error])
    }

    // MARK: Keys

    @Test(arguments: [
        (
            "campains: [a]\nrules: [{name: r, campaigns: [a], when: sent > 5, then: pause}]\nlaunches: [{campaign: a}]\noverrides: [{where: {campaign: a}, rule: r, for: 5m}]\n",
            "4:1: unknown key 'campains' in the policy", "did you mean 'campaigns'?"
        ),
        (
            "campaigns: [a]\nruls: [{name: r, when: sent > 5, then: pause}]\noverrides: [{where: {campaign: a}, rule: r, for: 5m}]\n",
            "5:1: unknown key 'ruls' in the policy", "did you mean 'rules'?"
        ),
    ])
    func aMisspelledKeyIsOneError(_ text: String, _ error: String, _ help: String) {
        let found = outcome(text).filter { $0.position.line != 6 || $0.severity == .error }
        #expect(found.map { "\($0.position.line):\($0.position.column): \($0.message)" } == [error])
        #expect(found.map(\.help) == [help])
    }

    // MARK: Patterns

    @Test(arguments: [
        ("campaigns:\n  - id: \"*\"\n", "5:9: '*' is a pattern, not an id"),
        ("campaigns:\n  - id: *\n", "5:9: a text that begins with '*' needs quotes"),
        ("campaigns: [*]\n", "4:13: a text that begins with '*' needs quotes"),
        ("campaigns:\n  - *camp\n", "5:5: a text that begins with '*' needs quotes"),
        ("campaigns: \"*\"\n", "4:12: campaigns must be a list of ids"),
        ("campaigns: all\n", "4:12: campaigns must be a list of ids"),
    ])
    func aPatternOfCampaignsSaysWhatToWriteInstead(_ text: String, _ error: String) {
        let found = outcome(text).filter { $0.severity == .error }
        #expect(found.map { "\($0.position.line):\($0.position.column): \($0.message)" } == [error])
        #expect(found.first?.help?.contains("write each id, let a script write them to a 'campaigns_file'") == true)
    }

    @Test(arguments: [
        ("\"*\"", "campaigns must be labels or a list of ids", "a rule without 'campaigns' applies to all of them"),
        ("all", "campaigns must be labels or a list of ids", "a rule without 'campaigns' applies to all of them"),
        ("a", "campaigns must be labels or a list of ids", "for example {team: sales} or [camp_123]"),
        ("[\"a*\"]", "'a*' is a pattern, not an id", "give them a label and write campaigns: {team: sales}"),
    ])
    func aPatternInARuleSaysWhatToWriteInstead(_ selector: String, _ message: String, _ help: String) {
        let found = outcome("campaigns: [a]\nrules: [{name: r, campaigns: \(selector), when: sent > 5, then: pause}]\n")
        #expect(found.map(\.message) == [message] && found.first?.help?.contains(help) == true, "\(found)")
    }

    @Test func aWindowIsWrittenInParentheses() {
        let found = outcome("campaigns: [a]\nrules: [{name: r, when: bounceRate > 8% over 24h, then: pause}]\n")
        #expect(found.first?.help == "write a window in parentheses: bounceRate(24h) > 5%")
    }
}
