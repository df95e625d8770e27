import Guard
import Model
import Policy
import Reporting
import Testing

/// A campaign file that is empty when the process starts unguards nothing.
@Suite struct RecalledListTimelineTests {
    private static let file = "/etc/sendwarden/campaigns.txt"

    /// A policy whose file lists these campaigns.
    private static func policy(_ lines: String, _ more: String = "", rule: String = "5%") throws -> CheckedPolicy {
        let text = """
            version: 1
            mode: enforce
            workspace: {name: bench, provider: leadterra, credential: key}
            defaults: {pool: pool_a, labels: {team: sales}}
            campaigns_file: campaigns.txt
            rules: [{name: bounces, when: bounceRate > \(rule) and resolved >= 50, then: pause}]
            \(more)
            """
        let outcome = PolicyLoader.load(SourceFile(name: "/etc/sendwarden/policy.yaml", text: text)) {
            path throws(PolicyFileError) in SourceFile(name: path, text: lines)
        }
        return try #require(outcome.policy, "\(outcome.diagnostics)")
    }

    private func bench(_ lines: String = "camp_1\ncamp_2\n") throws -> GuardBench {
        var bench = GuardBench(try Self.policy(lines))
        bench.see(1, sent: 40, bounced: 0)
        _ = bench.reported()
        return bench
    }

    private func ids(_ bench: GuardBench) -> [String] { bench.warden.policy.campaigns.map(\.id.text).sorted() }

    @Test func theCampaignsListedBeforeStayGuarded() throws {
        var bench = try bench()
        for _ in 1...2 {
            try bench.restart(try Self.policy("# none\n"))
            #expect(ids(bench) == ["camp_1", "camp_2"])
            let event = try #require(bench.reportedEvents().first { $0.kind == .watchRecalled })
            #expect(
                event.message.hasPrefix(
                    "\(Self.file) lists no campaign; the 2 campaigns listed before stay watched until it lists"),
                "\(event.message)")
            #expect(event.priority == .critical)
        }
        let entry = try #require(bench.warden.policy.campaigns.first)
        #expect(entry.labels == ["team": "sales"] && entry.pool?.text == "pool_a" && entry.origin == .file(Self.file))
        bench.see(1, sent: 100, bounced: 10)
        #expect(bench.sent().map(\.campaign.text) == ["camp_1"])
        bench.reload(try Self.policy("camp_2\n"))
        #expect(ids(bench) == ["camp_2"])
    }

    @Test func aPolicyThatListsNothingConfirmsIt() throws {
        var bench = try bench()
        try bench.restart(try Self.policy("", "campaigns: []"))
        #expect(ids(bench) == [] && !bench.reported().contains(.watchRecalled))
        try bench.restart(try Self.policy(""))
        #expect(ids(bench) == [], "they were removed on purpose")
    }

    @Test func whatTheFileNoLongerListedIsNotRecalled() throws {
        var bench = try bench()
        bench.reload(try Self.policy("camp_1\n"))
        try bench.restart(try Self.policy(""))
        #expect(ids(bench) == ["camp_1"])
        try bench.restart(try Self.policy("camp_3\n"))
        try bench.restart(try Self.policy(""))
        #expect(ids(bench) == ["camp_3"])
    }

    @Test func campaignsOfOtherOriginsAreNotRecalled() throws {
        var bench = try bench("camp_1\n")
        #expect(try bench.order(.watch, 5).accepted)
        try bench.restart(try Self.policy("", "campaigns: [camp_4]"))
        #expect(ids(bench) == ["camp_1", "camp_4", "camp_5"])
        try bench.restart(try Self.policy("").withoutFiles)
        #expect(ids(bench) == ["camp_5"], "the policy names no file")
    }
}

extension CheckedPolicy {
    fileprivate var withoutFiles: CheckedPolicy {
        var policy = self
        policy.campaignFiles = []
        return policy
    }
}
