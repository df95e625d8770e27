package import Guard
package import Model
package import Policy

/// A policy test file: the policy and its tests.
package struct PolicyTestFile: Sendable {
    package var source: SourceFile
    /// The path as written, relative to the test file's folder.
    package var policy: String
    package var tests: [PolicyTest]
}

/// One test: input series, actions and orders, and the expected behavior of the guard.
package struct PolicyTest: Sendable {
    /// The input for one campaign.
    package struct Campaign: Sendable {
        package enum Status: String, CaseIterable, Sendable {
            case draft, running, paused
        }

        package var entry: CampaignEntry
        /// True if the test sets name, pool or labels; otherwise the policy's entry is used.
        var isDescribed: Bool
        package var status: Status
        /// Series by the API's field names.
        package var series: [String: Series]
        package var answers: AnswerSeries?
        package var launch: LaunchEntry?
    }

    package struct Pool: Sendable {
        var id: PoolID
        var series: [String: Series]
        var resetAt: Instant?
    }

    /// Something that happens besides the input series.
    package enum Act: Sendable {
        /// A person acts on the platform.
        case start(CampaignID), pause(CampaignID), enroll(CampaignID, Int)
        /// A person gives the guard an order.
        case order(Order)
        /// The daemon stops and starts again after this time.
        case restart(Duration)
    }

    package enum Expectation: Sendable {
        case state(CampaignID, String)
        case rule(String, CampaignID?, PoolID?, String)
        case launch(CampaignID, String)
        /// Every request sent so far, in order: `pause camp_1`.
        case actions([String])
        /// Each of these events was reported.
        case events([String])
        /// None of these events was reported.
        case noEvents([String])
    }

    package struct Check: Sendable {
        package var at: Duration
        package var expectation: Expectation
        package var position: Position
    }

    package var name: String
    package var position: Position
    package var start: Instant
    package var interval: Duration
    package var mode: Mode?
    package var campaigns: [Campaign]
    package var pools: [Pool]
    package var poolAnswers: AnswerSeries?
    package var accounts: [String: Series]
    package var acts: [(at: Duration, act: Act)]
    package var checks: [Check]
}
