import Foundation
import Model
import Policy
import Testing

/// `include`: sections of a policy in further files.
@Suite struct IncludeTests {
    private static let head = PolicyFiles.head

    private func files(_ policy: String, _ files: [String: String]) -> PolicyFiles {
        PolicyFiles(Self.head + policy, files)
    }

    @Test func listsOfAllFilesAreJoinedInTheirOrder() throws {
        let outcome = files(
            "include: policy.d/*.yaml\ncampaigns: [camp_1]\n\(PolicyFiles.rule)",
            [
                "policy.d/b.yaml": "campaigns: [{id: camp_4, labels: {team: b}}]\nrules:\n",
                "policy.d/a.yaml": """
                version: 1
                campaigns: [camp_2, camp_3]
                rules: [{name: s, when: sent > 5, then: alert}]
                launches: [{campaign: camp_1}]
                campaigns_file: more.txt
                """,
                "policy.d/more.txt": "camp_9\n", "policy.d/a.yaml~": "broken: [", "policy.d/sub/c.yaml": "broken: [",
            ]
        ).load()
        let policy = try #require(outcome.policy, "\(outcome.diagnostics)")
        #expect(policy.campaigns.map(\.id.text) == ["camp_1", "camp_2", "camp_3", "camp_4", "camp_9"])
        #expect(policy.campaigns[4].origin == .file("/etc/sendwarden/policy.d/more.txt"))
        #expect(policy.rules.map(\.name) == ["r", "s"] && policy.launches.map(\.campaign.text) == ["camp_1"])
        #expect(policy.included == ["/etc/sendwarden/policy.d/a.yaml", "/etc/sendwarden/policy.d/b.yaml"])
        #expect(outcome.included.map(\.name) == policy.included)
    }

    @Test(arguments: [
        ("one.yaml", ["one.yaml"]), ("./one.yaml", ["one.yaml"]), ("/x/y.yaml", ["/x/y.yaml"]),
        ("[two.yaml, one.yaml]", ["two.yaml", "one.yaml"]), ("[two.yaml, '*o*.yaml']", ["two.yaml", "one.yaml"]),
        ("'t?o.yaml'", ["two.yaml"]), ("'t?.yaml'", []), ("'*n*e*y*l'", ["one.yaml"]),
        ("'*.yaml*'", ["one.yaml", "two.yaml"]),
        ("'*.yml'", []), ("[one.yaml, ./one.yaml, one.yaml]", ["one.yaml"]), ("[]", []), ("'?ne.yam'", []),
    ])
    func pathsAndPatternsName(_ include: String, _ expected: [String]) throws {
        let outcome = files(
            "include: \(include)\ncampaigns: [camp_1]\n\(PolicyFiles.rule)",
            ["one.yaml": "campaigns: [a]\n", "two.yaml": "campaigns: [b]\n", "/x/y.yaml": "campaigns: [c]\n"]
        ).load()
        #expect(outcome.policy?.included == expected.map { $0.hasPrefix("/") ? $0 : PolicyFiles.folder + $0 })
        #expect(outcome.diagnostics.isEmpty, "\(outcome.diagnostics)")
    }

    @Test func aSingleValueMayBeInAnyFileButOnlyOnce() throws {
        let once = files(
            "include: a.yaml\ncampaigns: [camp_1]\n\(PolicyFiles.rule)",
            ["a.yaml": "override_for: 2h\npoll: {stats: 2m}\n"])
        let policy = try #require(once.load().policy)
        #expect(policy.overrideFor == .seconds(7200) && policy.poll.stats.max == .seconds(120))
        let twice = files(
            "include: [a.yaml, b.yaml]\ncampaigns: [camp_1]\n\(PolicyFiles.rule)",
            ["a.yaml": "stale_after: 10m\nmode: observe\n", "b.yaml": "# b\nstale_after: 10m\n"])
        #expect(
            twice.found() == [
                "a.yaml:2:1: 'mode' is already set in policy.yaml, line 2",
                "b.yaml:2:1: 'stale_after' is already set in a.yaml, line 1",
            ])
    }

    // MARK: Errors

    /// What is wrong with an included file, and where.
    @Test(arguments: [
        ("campains: [a]\n", ["a.yaml:1:1: unknown key 'campains' in an included file"]),
        ("include: b.yaml\n", ["a.yaml:1:1: unknown key 'include' in an included file"]),
        ("- camp_1\n", ["a.yaml:1:1: an included file must be a mapping"]),
        (
            "rules:\n  - name: x\n   when: y\n",
            ["a.yaml:3:4: the line is indented by 3 spaces, which does not match the lines above"]
        ),
        ("# a\n\ncampaigns: [{id: a\n", ["a.yaml:3:13: '{' is never closed"]),
        ("mode: enforce\nmode: enforce\n", ["a.yaml:2:1: 'mode' is already set in line 1"]),
        ("version: 2\n", ["a.yaml:1:10: unsupported policy version; this program supports version 1"]),
        ("campaigns: {id: a}\n", ["a.yaml:1:12: campaigns must be a list"]),
        ("rules:\n  - {name: x, when: sent > 5%, then: alert}\n", ["a.yaml:2:26: cannot compare a count with a ratio"]),
        (
            "rules:\n  - name: x\n    then: alert\n    when: >-\n      sent > 5 and\n      nonsense > 1\n",
            ["a.yaml:6:7: unknown name 'nonsense'"]
        ),
        ("campaigns: [camp_1]\n", ["a.yaml:1:13: campaign 'camp_1' is already listed in policy.yaml, line 5"]),
        (
            "rules: [{name: r, when: sent > 1, then: alert}]\n",
            ["a.yaml:1:16: rule name 'r' is already used in policy.yaml, line 6"]
        ),
        ("launches: [{campaign: camp_9}]\n", ["a.yaml:1:23: campaign 'camp_9' is not listed under 'campaigns'"]),
        ("campaigns_file: gone.txt\n", ["a.yaml:1:17: cannot read the campaigns: gone.txt: no such file"]),
        ("launches: [{campaign: camp_1}]\nlaunches_: 1\n", ["a.yaml:2:1: unknown key 'launches_' in an included file"]),
    ])
    func errorsNameTheFileAndTheLine(_ text: String, _ expected: [String]) {
        let found = files("include: a.yaml\ncampaigns: [camp_1]\n\(PolicyFiles.rule)", ["a.yaml": text])
        #expect(found.found() == expected)
        #expect(found.load().policy == nil)
    }

    @Test func anErrorInThePolicyAfterIncludedFilesNamesThePolicy() {
        let found = files(
            "include: a.yaml\ncampaigns: [camp_1]\nrules: [{name: r, when: sents > 5, then: alert}]\n",
            ["a.yaml": "\n\n\ncampaigns: [camp_2]\n"])
        #expect(found.found() == ["policy.yaml:6:25: unknown name 'sents'"])
    }

    @Test func theExcerptIsOfTheIncludedFile() {
        let found = files("include: a.yaml\n\(PolicyFiles.rule)", ["a.yaml": "# first\ncampains: [a]\n"])
        let shown = found.source.render(found.load().diagnostics)
        #expect(shown.hasPrefix("/etc/sendwarden/a.yaml:2:1: error: unknown key 'campains'"), "\(shown)")
        #expect(shown.contains("\n    campains: [a]\n    ^~~~~~~~\n    help: did you mean 'campaigns'?"), "\(shown)")
    }

    @Test(arguments: [
        ("gone.yaml", "cannot read the included file: gone.yaml: no such file"),
        ("gone.d/*.yaml", "cannot list the included files: gone.d/: no such folder"),
        ("policy.yaml", "the policy includes itself"), ("./policy.yaml", "the policy includes itself"),
        ("'*.yaml'", "the policy includes itself"), ("policy.d/", "'policy.d/' is a folder"),
        ("'[ab].yaml'", "a pattern can contain only '*' and '?'"),
        ("'{a,b}.yaml'", "a pattern can contain only '*' and '?'"),
        ("'*.d/a.yaml'", "a pattern can be only in the name of a file, not in that of a folder"),
        ("{a: b}", "include must be a single value"), ("''", "include is empty"),
        ("[[a]]", "include must be a single value"),
        ("\"a\\nb\"", "the path contains a control character"),
    ])
    func aWrongIncludeIsOneErrorAtItsName(_ include: String, _ message: String) {
        let found = files(
            "include: \(include)\nrules: [{name: r, campaigns: [camp_7], when: sent > 5, then: alert}]\n",
            ["policy.yaml": "", "other.txt": ""])
        #expect(found.found().map { $0.split(separator: ": ", maxSplits: 1).last.map(String.init) } == [message])
        #expect(found.found().allSatisfy { $0.hasPrefix("policy.yaml:4:1") })
    }

    @Test func aMisspelledIncludeIsOneError() {
        let text =
            "version: 1\nmode: enforce\ninclud: a.yaml\nrules: [{name: r, campaigns: [camp_7], when: sent > 5, then: alert}]\n"
        #expect(PolicyFiles(text, ["a.yaml": ""]).found() == ["policy.yaml:3:1: unknown key 'includ' in the policy"])
    }

    @Test func anEmptyFileIsAWarning() {
        for text in ["", "\n", "# nothing yet\n"] {
            let found = files("include: a.yaml\ncampaigns: [camp_1]\n\(PolicyFiles.rule)", ["a.yaml": text])
            #expect(found.found(.warning) == ["policy.yaml:4:10: the included file a.yaml is empty"])
            #expect(found.load().policy?.campaigns.count == 1)
        }
    }

    // MARK: Limits

    @Test func thereAreAtMostFiveHundredFiles() {
        func found(_ count: Int) -> [String] {
            let all = (1...count).map { ("d/\($0).yaml", "campaigns: [camp_\($0)]\n") }
            return files("include: d/*.yaml\n\(PolicyFiles.rule)", Dictionary(uniqueKeysWithValues: all)).found()
        }
        #expect(found(500) == [])
        #expect(found(501) == ["policy.yaml:4:10: 'include' names 501 files; the limit is 500"])
    }

    @Test func allFilesTogetherHaveAtMostFourMebibytes() {
        let comment = "# " + String(repeating: "x", count: (1 << 20) - 100) + "\nlaunches: []\n"
        func found(_ count: Int) -> [String] {
            let all = (1...count).map { ("d/\($0).yaml", comment) }
            return files(
                "include: d/*.yaml\ncampaigns: [a]\n\(PolicyFiles.rule)", Dictionary(uniqueKeysWithValues: all)
            ).found()
        }
        #expect(found(4) == [])
        #expect(found(5) == ["policy.yaml:4:10: the included files have more than 4 MiB together"])
    }

    // MARK: Reload of campaign files only

    @Test func includedFilesAreNotReadAgainIfTheyAreGiven() throws {
        let policy = "include: policy.d/*.yaml\ncampaigns: [camp_1]\n\(PolicyFiles.rule)"
        let first = files(
            policy, ["policy.d/a.yaml": "campaigns: [camp_2]\ncampaigns_file: c.txt\n", "policy.d/c.txt": "camp_3\n"])
        let included = first.load().included
        let changed = files(policy, ["policy.d/a.yaml": "broken: [", "policy.d/c.txt": "camp_4\n"])
        #expect(changed.load().policy == nil)
        let outcome = changed.load(included: included)
        #expect(outcome.policy?.campaigns.map(\.id.text) == ["camp_1", "camp_2", "camp_4"])
        #expect(outcome.included == included)
    }
}
