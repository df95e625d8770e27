import Foundation
import Policy
import TestSupport
import Testing

/// Compares the policy's JSON Schema with the program's own checks, through an independent validator.
@Suite struct SchemaTests {
    /// Errors that a schema cannot express: relations between values, and the meaning of an expression.
    private static let beyondASchema: Set<String> = [
        "always-true", "bad-for", "count-with-duration", "counter-never-reported", "divides-by-zero",
        "duplicate-campaign", "duplicate-rule", "earlier-value-without-window", "group-of-an-unknown-label",
        "group-that-counts-samples", "interval-min-above-max", "invisible-character-in-a-text", "launch-expires-first",
        "launch-of-unknown-campaign",
        "launch-twice",
        "never-true-together", "never-true", "number-with-duration",
        "quiet-hours-in-an-unknown-zone", "quiet-hours-without-length", "ratio-with-count", "receiver-twice",
        "receiver-with-bad-template", "rule-for-unknown-campaign", "stale-before-three-polls", "stray-bracket",
        "tier-name-used-twice", "tier-with-a-limit-that-is-no-value", "tier-with-a-stray-bracket",
        "tier-of-a-condition", "tier-with-another-unit",
        "tiers-in-opposite-directions", "tiers-in-the-wrong-order",
        "unclosed-bracket", "unknown-time-zone", "window-too-long",
    ]

    private func python(_ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3"] + arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "the validator failed; deploy/test installs python3-jsonschema")
        return String(decoding: output, as: UTF8.self)
    }

    /// Whether the schema accepts each file.
    private func verdicts(_ files: [String], included: Bool = false) throws -> [String: Bool] {
        let folder = try TemporaryFolder()
        let arguments = ["schema"] + (included ? ["--included"] : [])
        let schema = try folder.write("schema.json", try Program.run(arguments).stdout)
        let script = CommandLineTests.root + "/Tests/SendwardenTests/validate-schema.py"
        let lines = try python([script, schema] + files).split(separator: "\n")
        return Dictionary(
            uniqueKeysWithValues: lines.compactMap { line in
                let words = line.split(separator: " ", maxSplits: 1).map(String.init)
                guard let file = files.first(where: { words[1] == $0 || words[1].hasPrefix($0 + ":") }) else {
                    return nil
                }
                return (file, words[0] == "accepted")
            })
    }

    @Test func itAcceptsEveryShippedPolicy() throws {
        let config = CommandLineTests.root + "/config"
        let names = FileManager.default.enumerator(atPath: config)?.compactMap { $0 as? String } ?? []
        let policies = names.filter { name in
            name.hasSuffix(".yaml") && !name.hasSuffix(".test.yaml") && !name.contains("world")
                && !name.contains("scrape")
        }.map { config + "/" + $0 }
        #expect(policies.count >= 4)
        for included in [false, true] {
            let policies = policies.filter { $0.contains(".d/") == included }
            #expect(
                try verdicts(policies, included: included)
                    == Dictionary(uniqueKeysWithValues: policies.map { ($0, true) }))
            let schema = included ? PolicySchema.installedPathForIncluded : PolicySchema.installedPath
            for policy in policies {
                let first = try String(contentsOfFile: policy, encoding: .utf8).prefix { $0 != "\n" }
                #expect(first == "# yaml-language-server: $schema=\(schema)", "\(policy)")
            }
        }
    }

    /// Both schemas agree with the program about files that are included or that override rules.
    @Test(arguments: [
        ("include: policy.d/*.yaml", false, true), ("include: [a.yaml, policy.d/*.yaml]", false, true),
        ("include: ''", false, false), ("include: {a: b}", false, false), ("include: a.yaml", true, false),
        ("workspace: {name: w, provider: leadterra, credential_file: ./key}", true, true),
        ("workspace: {name: w, provider: leadterra, credential: k}\nworkspaces: []", true, false),
        ("campaigns: [a]", true, true), ("campains: [a]", true, false), ("{}", true, true),
        ("overrides: [{where: {team: a}, rule: r, for: 5m}]", true, true),
        ("overrides: [{where: {team: a, campaign: [b, c]}, rule: r, when: bounceRate(24h) > 5%}]", true, true),
        ("overrides: [{where: {campaign: b}, rule: r, then: alert, mode: off, warn: 3%}]", true, true),
        ("overrides: [{where: {}, rule: r, for: 5m}]", true, false),
        ("overrides: [{where: {campaign: []}, rule: r, for: 5m}]", true, false),
        ("overrides: [{where: {campaign: 'a*'}, rule: r, for: 5m}]", true, false),
        ("overrides: [{where: {team: a}, rule: r}]", true, false),
        ("overrides: [{where: {team: a}, for: 5m}]", true, false),
        ("overrides: [{where: {team: a}, rule: r, on: launch}]", true, false),
        ("overrides: [{where: {team: a}, rule: r, when: bounced > 5 %}]", true, true),
        ("overrides: [{where: {team: a}, rule: r, when: pool.senders >}]", true, false),
    ])
    func itKnowsIncludedFilesAndOverrides(_ text: String, included: Bool, isAccepted: Bool) throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("p.yaml", (included ? "" : "version: 1\n") + text + "\n")
        #expect(try verdicts([file], included: included) == [file: isAccepted])
    }

    @Test func itRejectsEveryMalformedPolicyThatASchemaCanReject() throws {
        let folder = CommandLineTests.root + "/Tests/PolicyTests/Malformed"
        let files = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".bad.yaml") }
        let verdicts = try verdicts(files.map { folder + "/" + $0 })
        #expect(verdicts.count == files.count)
        let accepted = verdicts.filter(\.value).keys.map { path in
            String(path.split(separator: "/").last?.dropLast(".bad.yaml".count) ?? "")
        }
        #expect(Set(accepted) == Self.beyondASchema)
    }

    /// An editor must not report an error in a condition that the program accepts.
    @Test func itAcceptsConditionsOfEveryForm() throws {
        let conditions = [
            "bounceRate(24h) > 5% and increase(resolved, 24h) >= 50", "not (sent > 5 or bounced >= 3) and queued != 0",
            "bounced / resolved > 0.05 and resolved > 20", "rate(sent, 1h30m) * 2 < 1000", "age(stats) > 15m",
            "campaign.label(\"team\") == 'sales' and bounceRate > 5 %", "-sent + 100 > 2 * (bounced - 3)",
            "totalEnrolled > pool.available or accounts.active < 3", "((bounceRate > 5%)) and (((resolved > 5)))",
            "sent > 5\n  and bounced > 2",
            "wilson_lower(bounced, resolved, 95%) > 5%",
            "wilson_upper(increase(bounced, 24h), increase(resolved, 24h), 99.5 %) < 1% and sent > 5",
            "hour(\"Europe/Berlin\") >= 18 or weekday('UTC')==0", "increase( bounced ,24h )>=3",
            "bounceRate(24h) > 2 * previous(bounceRate(24h), 24h)",
            "increase(sent, 1h) > previous((increase(sent, 1h) + increase(bounced, 1h)) * 2, 7d)",
            "wilson_lower((increase(bounced, 24h) + bounced), sent, 95%) > 5%",
            "\"a\" != campaign.label('b') or sent > 1",
        ]
        let folder = try TemporaryFolder()
        var files: [String] = []
        for (number, condition) in conditions.enumerated() {
            let text = """
                version: 1
                mode: enforce
                workspace: {name: w, provider: leadterra, credential: key}
                campaigns: [{id: a, labels: {team: sales}}]
                rules:
                  - name: r
                    when: |
                      \(condition.replacingOccurrences(of: "\n", with: "\n      "))
                    then: alert
                """
            let outcome = PolicyLoader.load(SourceFile(name: "p", text: text))
            #expect(outcome.policy != nil, "\(condition): \(outcome.diagnostics.map(\.message))")
            files.append(try folder.write("\(number).yaml", text))
        }
        let verdicts = try verdicts(files)
        for (file, condition) in zip(files, conditions) { #expect(verdicts[file] == true, "\(condition)") }
    }

    /// The schema knows the keys that the program suggests, and marks every other key that it accepts as deprecated.
    @Test(arguments: [
        ("zzzzzzzz: 1", ""), ("workspace: {zzzzzzzz: 1}", "workspace"), ("poll: {zzzzzzzz: 1}", "poll"),
        ("start_limit: {zzzzzzzz: 1}", "startLimit"), ("circuit_breaker: {zzzzzzzz: 1}", "circuitBreaker"),
        ("belt: {zzzzzzzz: 1}", "belt"), ("campaigns: [{zzzzzzzz: 1}]", "campaign"),
        ("defaults: {zzzzzzzz: 1}", "defaults"),
        ("launches: [{zzzzzzzz: 1}]", "launch"), ("rules: [{zzzzzzzz: 1}]", "rule"),
        ("overrides: [{zzzzzzzz: 1}]", "override"),
        ("rules: [{name: a, when: sent > 1, then: pause, resume: {zzzzzzzz: 1}}]", "resume"),
        ("notify: [{zzzzzzzz: 1}]", "receiver"), ("notify: [{webhook: {zzzzzzzz: 1}}]", "webhook"),
        ("notify: [{alertmanager: {zzzzzzzz: 1}}]", "alertmanager"), ("notify: [{email: {zzzzzzzz: 1}}]", "email"),
        ("heartbeat: {zzzzzzzz: 1}", "heartbeat"),
    ])
    func itKnowsEveryKey(_ policy: String, _ definition: String) throws {
        let known = try DocumentationTests.knownKeys(
            PolicyLoader.load(SourceFile(name: "p", text: policy)).diagnostics)
        let schema = try #require(
            try JSONSerialization.jsonObject(with: Data(PolicySchema.text.utf8)) as? [String: Any])
        let definitions = try #require(schema["$defs"] as? [String: [String: Any]])
        let part = definition.isEmpty ? schema : try #require(definitions[definition])
        // A campaign is an id or a mapping.
        let mapping = (part["oneOf"] as? [[String: Any]])?.compactMap { $0["properties"] }.first
        let properties = try #require((part["properties"] ?? mapping) as? [String: [String: Any]])
        #expect(Set(properties.filter { $0.value["deprecated"] == nil }.keys) == Set(known))
    }
}
