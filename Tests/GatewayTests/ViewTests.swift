@testable import Gateway
import Guard
import Model
import Policy
import Reporting
import Testing

/// What the pages show, and in which order.
@Suite struct ViewTests {
    private static let start = Instant(milliseconds: 1_796_040_000_000)

    private func status() throws -> GuardStatus {
        let text = """
            version: 1
            workspace: {name: acme, provider: leadterra, credential: leadterra.key}
            campaigns: [a, b, c, d, e, f, g, h]
            rules: [{name: bounces, when: bounceRate(24h) > 5%, then: pause}]
            """
        let policy = try #require(PolicyLoader.load(SourceFile(name: "policy", text: text)).policy)
        return Guard(policy: policy, at: Self.start).status(at: Self.start)
    }

    @Test func campaignsAreOrderedByDanger() throws {
        var status = try status()
        for index in status.campaigns.indices {
            status.campaigns[index].stats = CampaignStats(sent: 10)
            status.campaigns[index].state = .running
        }
        status.campaigns[0].state = .draft
        status.campaigns[1].isStale = true
        (status.campaigns[2].rate, status.campaigns[2].rateLimit) = (0.01, 0.05)
        (status.campaigns[3].rate, status.campaigns[3].rateLimit) = (0.02, 0.03)
        status.campaigns[4].rules[0].state = .pending
        status.campaigns[5].rules[0].state = .firing
        status.campaigns[6].state = .paused
        status.campaigns[7].state = .pausedByAnother
        let sorted = Danger.sorted(status.campaigns)
        #expect(sorted.map(\.campaign.id.text) == ["g", "f", "e", "d", "c", "b", "a", "h"])
        #expect(sorted.map(\.danger) == [.paused, .firing, .pending, .running, .running, .noData, .calm, .calm])

        let html = Layout(status).html(OverviewView(status: status, pageNumber: 1, hasLedger: true))
        let headings = Danger.allCases.map { html.firstRange(of: $0.heading + " (") }
        #expect(headings.allSatisfy { $0 != nil })
        #expect(headings.compactMap { $0?.lowerBound } == headings.compactMap { $0?.lowerBound }.sorted())
        status.isLedgerFailing = true
        status.workspaces[0].apiTrouble = "API key rejected"
        let bad = Layout(status).html(OverviewView(status: status, pageNumber: 2, hasLedger: true))
        for needed in ["cannot be written: no campaign is started", "API key rejected", "no campaigns on this page"] {
            #expect(bad.contains(needed), "\(needed)")
        }
    }

    /// Time alone is no change; a fact is.
    @Test func theVersionChangesWithTheFacts() throws {
        var status = try status()
        status.campaigns[0].statsAge = 5
        let version = status.version
        status.at = status.at + .seconds(7)
        status.campaigns[0].statsAge = 12
        #expect(status.version == version)
        status.campaigns[0].statsAge = 2
        #expect(status.version != version)
        status.campaigns[0].statsAge = 12
        status.campaigns[0].state = .paused
        #expect(status.version != version)
    }
}
