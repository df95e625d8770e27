package import Guard
package import Model
package import Policy

/// A policy's test file: the policy it is about, and what is to come of made-up numbers.
package struct PolicyTestFile: Sendable {
    package var source: SourceFile
    /// As written; relative to the test file's folder.
    package var policy: String
    package var tests: [PolicyTest]
}

/// One test: a made-up day, and what is expected of the guard on it.
package struct PolicyTest: Sendable {
    /// What a campaign does by itself, while it runs.
    package struct Campaign: Sendable {
        package enum Status: String, CaseIterable, Sendable {
            case draft, running, paused
        }

        package var entry: CampaignEntry
        /// True where the test gives name, pool or labels; otherwise the policy's own entry is used.
        var isDescribed: Bool
        package var status: Status
        /// By the API's field names.
        package var series: [String: Series]
        package var answers: AnswerSeries?
        package var launch: LaunchEntry?
    }

    package struct Pool: Sendable {
        var id: PoolID
        var series: [String: Series]
        var resetAt: Instant?
    }

    /// Something that happens beside the platform's own numbers.
    package enum Act: Sendable {
        /// A person on the platform.
        case start(CampaignID), pause(CampaignID), enroll(CampaignID, Int)
        /// A person with an order to the guard.
        case order(Order)
        /// The daemon ends and begins anew after so long.
        case restart(Duration)
    }

    package enum Expectation: Sendable {
        case state(CampaignID, String)
        case rule(String, CampaignID?, PoolID?, String)
        case launch(CampaignID, String)
        /// All that was sent by then, in its order: `pause camp_1`.
        case actions([String])
        /// Each was told by then.
        case told([String])
        /// None was told by then.
        case untold([String])
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
