package import Model

/// A platform that Sendwarden has a client for.
///
/// To add one, begin with a case here; the compiler then reports every switch that must handle it.
package enum Provider: String, CaseIterable, Sendable {
    case leadterra
    case twilioComms = "twilio_comms"

    /// What a platform can do; the Providers target has one protocol for each.
    package enum Ability: Hashable, Sendable {
        /// It sends campaigns, reports their counters, and starts and pauses them.
        case campaigns
        /// It reports how much its pools may still send.
        case volumes
        /// It lists sender accounts and their states.
        case accounts
        /// Its pools have members that can be listed, removed and restored.
        case rosters
    }

    /// What the stats of a platform's campaigns contain, and what they mean there.
    package struct Reports: Sendable {
        package enum Unit: String, Sendable {
            case emails, leads
        }

        /// How the answer to a pause shows who made it.
        package enum PauseMaker: String, Sendable {
            /// It does not.
            case unknown
            /// By its time: a pause that is older than our request is someone else's.
            case byTime
        }

        /// The counters that its responses can contain.
        package var counters: Set<Counter>
        /// Those among them that cost a request of their own.
        package var extras: Set<ExtraCounter> = []
        /// The counters whose sum is the number of emails with a known outcome.
        package var resolved: [Counter]
        package var bouncesCount: Unit
        package var pauseMaker: PauseMaker
    }

    package struct Traits: Sendable {
        /// For display.
        package var title: String
        /// The API's default base URL.
        package var url: String
        package var abilities: Set<Ability>
        /// The form of its API key, for messages.
        package var keyForm: String
        /// True if the key is a pair with a colon, as HTTP Basic authentication requires.
        package var keyIsPair: Bool
        /// The prefix of the platform's keys, to detect a key that was pasted into a policy; nil if keys have none.
        package var keyPrefix: String?
        /// A path that `sendwarden doctor` requests without a key, to test that the API is reachable.
        package var probePath: String
        /// Nil if it sends no campaigns.
        package var reports: Reports?
    }

    package var traits: Traits {
        switch self {
        case .leadterra:
            Traits(
                title: "Leadterra", url: "https://app.leadterra.co", abilities: [.campaigns, .volumes, .accounts],
                keyForm: "the API key", keyIsPair: false, keyPrefix: "sk_", probePath: "/v1/sender-pools",
                reports: Reports(
                    counters: [.totalEnrolled, .sent, .delivered, .bounced, .replied, .resolved, .unsubscribed],
                    extras: [.unsubscribed], resolved: [.delivered, .bounced], bouncesCount: .emails,
                    pauseMaker: .byTime))
        case .twilioComms:
            Traits(
                title: "Twilio Comms", url: "https://comms.twilio.com", abilities: [.rosters],
                keyForm: "account_id:auth_token or api_key:api_key_secret", keyIsPair: true, keyPrefix: nil,
                probePath: "/v1/SenderPools?pageSize=1")
        }
    }

    package func can(_ ability: Ability) -> Bool { traits.abilities.contains(ability) }

    /// True if the platform's campaigns can have the counter.
    package func reports(_ counter: Counter) -> Bool { traits.reports?.counters.contains(counter) ?? false }

    /// The counters among these that cost a request of their own.
    package func extras(among counters: Set<ExtraCounter>) -> Set<ExtraCounter> {
        counters.isEmpty ? [] : counters.intersection(traits.reports?.extras ?? [])
    }

    /// The providers with this ability, for messages.
    static func names(_ ability: Ability) -> String {
        allCases.filter { $0.can(ability) }.map(\.rawValue).joined(separator: " or ")
    }
}
