import Foundation
import TestSupport
import Testing

/// `sendwarden test`, and the tests that ship with the policies.
@Suite struct PolicyTestCommandTests {
    static let shipped: [String] = {
        let config = CommandLineTests.root + "/config"
        let names = FileManager.default.enumerator(atPath: config)?.compactMap { $0 as? String } ?? []
        return names.filter { $0.hasSuffix(".test.yaml") }.map { config + "/" + $0 }.sorted()
    }()

    @Test func shippedPoliciesPassTheirTestsAndEveryRuleFires() throws {
        #expect(Self.shipped.count >= 3)
        let outcome = try Program.run(["test"] + Self.shipped)
        #expect(outcome.code == 0 && outcome.stderr.isEmpty, "\(outcome.stdout)")
        #expect(!outcome.stdout.contains("no test fires"))
        #expect(outcome.stdout.contains(" passed, 0 failed"))
    }

    @Test func aPolicyThatFailsItsTestsIsReported() throws {
        let folder = try TemporaryFolder()
        let config = CommandLineTests.root + "/config"
        let text = try String(contentsOfFile: config + "/policy.yaml", encoding: .utf8)
        let loose = try folder.write(
            "loose.yaml", text.replacingOccurrences(of: "bounceRate > 5%", with: "bounceRate > 50%"))
        let junit = folder.path + "/results.xml"
        let outcome = try Program.run(["test", config + "/policy.test.yaml", "--policy", loose, "--junit", junit])
        #expect(outcome.code == 65)
        #expect(outcome.stdout.contains("FAIL  a list with one bounce in five"))
        #expect(
            outcome.stdout.contains("expected: camp_123 is paused")
                && outcome.stdout.contains("bounceRate > 50%, 95 % sure"))
        let xml = try XMLCheck.elements(junit)
        #expect(xml["testsuites", default: 0] == 1 && xml["testcase", default: 0] == 8)
        #expect(xml["failure", default: 0] >= 2)
        // Only the selected test.
        let one = try Program.run(["test", config + "/policy.test.yaml", "--policy", loose, "--run", "healthy"])
        #expect(one.code == 0 && one.stdout.contains("1 passed, 0 failed"))
        #expect(try Program.run(["test", config + "/policy.test.yaml", "--run", "nonesuch"]).code == 65)
    }

    @Test func anUnreadableFileIsReported() throws {
        let folder = try TemporaryFolder()
        #expect(try Program.run(["test", folder.path + "/none.test.yaml"]).code == 66)
        let bad = try folder.write("bad.test.yaml", "policy: none.yaml\ntests:\n  - {name: t, camps: {}}\n")
        let outcome = try Program.run(["test", bad])
        #expect(
            outcome.code == 78 && outcome.stderr.contains("bad.test.yaml:3:15: error: unknown key 'camps' in a test"))
        let orphan = try folder.write(
            "orphan.test.yaml",
            "policy: none.yaml\ntests:\n  - {name: t, campaigns: {a: {sent: 1}}, expect: [{at: 1m, actions: []}]}\n")
        #expect(try Program.run(["test", orphan]).code == 66)
        #expect(try Program.run(["test"]).code == 64)
    }
}

/// Counts the elements of an XML file by name.
enum XMLCheck {
    static func elements(_ path: String) throws -> [String: Int] {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        var counts: [String: Int] = [:]
        var open: [String] = []
        for part in text.components(separatedBy: "<").dropFirst() {
            let tag = part.prefix { $0 != ">" }
            #expect(tag.count < part.count, "a tag without an end: \(tag)")
            if tag.hasPrefix("?") { continue }
            let name = String(tag.drop { $0 == "/" }.prefix { $0 != " " && $0 != "/" })
            if tag.hasPrefix("/") {
                #expect(open.popLast() == name)
            } else {
                counts[name, default: 0] += 1
                if !tag.hasSuffix("/") { open.append(name) }
            }
        }
        #expect(open.isEmpty)
        return counts
    }
}
