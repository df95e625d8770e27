import Foundation
import TestSupport
import Testing

/// The demo, and the commands that it suggests.
@Suite struct DemoTests {
    private struct Kept {
        let folder: TemporaryFolder
        let demo: Program.Outcome
        var ledger: [String] { ["--ledger", folder.path + "/demo/ledger.sqlite"] }
        var policy: [String] { ["--policy", folder.path + "/demo/policy.yaml"] }

        init() throws {
            folder = try TemporaryFolder()
            demo = try Program.run(["demo", "--speed", "3600", "--keep", folder.path + "/demo"])
        }
    }

    @Test func theDemoComparesTheGuardWithNoGuard() throws {
        let kept = try Kept()
        #expect(kept.demo.code == 0)
        for event in ["campaign.paused", "launch.held", "launch.cannot_fit", "launch.released"] {
            #expect(kept.demo.stdout.contains(event))
        }
        let table = kept.demo.stdout.components(separatedBy: "\n\nSaved in").first ?? ""
        let rows = table.split(separator: "\n").suffix(5).map { $0.split(separator: " ").map(String.init) }
        let bad = try #require(rows.first { $0.first == "Old" })
        let sent = bad.compactMap { Int($0) }
        #expect(bad.contains("paused"))
        // With the guard; bounced with it; without; bounced without.
        #expect(sent[0] * 3 < sent[2])
        #expect(sent[1] * 2 < sent[3])
        #expect(rows.first { $0.first == "Everyone" }?.contains("draft") == true)

        try theReportAgreesWithStatus(kept)
        try namesThatNothingKnowsAreRefused(kept)
        // An existing folder is refused before the headline.
        let again = try Program.run(["demo", "--keep", kept.folder.path + "/demo"])
        #expect(again.code == 73 && again.stdout.isEmpty)
        #expect(again.stderr.contains("demo exists; give --keep a new folder"))
        #expect(try Program.run(["demo", "--keep", kept.folder.path + "/a/b"]).code == 77)
    }

    private func theReportAgreesWithStatus(_ kept: Kept) throws {
        let status = try Program.run(["status"] + kept.ledger + kept.policy).stdout
        let html = try Program.run(["report", "--output", "-"] + kept.ledger + kept.policy).stdout
        for id in ["camp_badlist", "camp_healthy", "camp_december"] {
            let row = try #require(status.split(separator: "\n").first { $0.hasPrefix(id) })
            let sent = try #require(row.split(separator: " ").compactMap { Int($0) }.first)
            let section = try #require(html.components(separatedBy: "<h3>\(id)").dropFirst().first)
            #expect(section.contains("<p>\(sent) sent"), "\(id): \(sent)")
        }
        // Why launches are held.
        let launches = try #require(html.components(separatedBy: "<h2>Launches</h2>").dropFirst().first)
        #expect(launches.contains("rule launch-fits-pool; short by"))
        #expect(launches.contains("can never fit"))
        // Round values on the axes: of volumes, and of rates.
        let labels = html.split(separator: "text-anchor=\"end\">").dropFirst().map { $0.prefix { $0 != "<" } }
        #expect(labels.contains("500") && labels.contains("1500"))
        let rates = labels.filter { $0.hasSuffix(" %") && !$0.hasPrefix("limit") }
        // Each axis begins at 0, in steps of 1, 2 or 5 times a power of ten; which ones depends on the demo's numbers.
        let steps = zip(rates, rates.dropFirst()).filter { $0.0 == "0 %" }.map { $0.1 }
        #expect(!steps.isEmpty)
        for step in steps {
            let digits = step.filter { ("1"..."9").contains($0) }
            #expect(["1", "2", "5"].contains(digits), "\(step)")
        }
    }

    private func namesThatNothingKnowsAreRefused(_ kept: Kept) throws {
        let unknown = try Program.run(["history", "--campaign", "camp_badlst"] + kept.ledger)
        #expect(unknown.code == 65 && unknown.stdout.isEmpty)
        #expect(unknown.stderr == "error: no campaign in the ledger is named camp_badlst; did you mean camp_badlist?\n")
        #expect(try Program.run(["history", "--rule", "nope"] + kept.ledger).code == 65)
        #expect(try Program.run(["history", "--pool", "nope"] + kept.ledger).code == 65)
        let quiet = try Program.run(["history", "--campaign", "camp_badlist", "--event", "order"] + kept.ledger)
        #expect(quiet.code == 0 && quiet.stderr == "no matching events\n")
    }
}
