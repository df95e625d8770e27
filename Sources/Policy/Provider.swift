import Model

/// A platform that Sendwarden has a client for.
///
/// A new one begins with a case here: the compiler then names every place that has to know it.
package enum Provider: String, CaseIterable, Sendable {
    case leadterra
    case twilioComms = "twilio_comms"

    /// What a platform can do; the client has a protocol for each, `Platform` in Providers.
    package enum Ability: Hashable, Sendable {
        /// It sends campaigns, tells their counters, starts and pauses them.
        case campaigns
        /// It says itself how much its pools may still send.
        case volumes
        /// It lists sender accounts with their state.
        case accounts
        /// Its pools have members that can be listed, removed and put back.
        case rosters
    }

    package struct Traits: Sendable {
        /// For people.
        package var title: String
        /// Where its API is, unless the policy says otherwise.
        package var url: String
        package var abilities: Set<Ability>
        /// What its key looks like, for messages.
        package var keyForm: String
        /// True where the key is a pair with a colon, as HTTP's Basic authentication asks for.
        package var keyIsPair: Bool
        /// What a key of this platform begins with, where that gives one away that stands in a policy.
        package var keyPrefix: String?
        /// A path that anybody may ask for, to see whether somebody is there.
        package var probePath: String
    }

    package var traits: Traits {
        switch self {
        case .leadterra:
            Traits(
                title: "Leadterra", url: "https://app.leadterra.co", abilities: [.campaigns, .volumes, .accounts],
                keyForm: "the API key", keyIsPair: false, keyPrefix: "sk_", probePath: "/v1/sender-pools")
        case .twilioComms:
            Traits(
                title: "Twilio Comms", url: "https://comms.twilio.com", abilities: [.rosters],
                keyForm: "account_id:auth_token or api_key:api_key_secret", keyIsPair: true, keyPrefix: nil,
                probePath: "/v1/SenderPools?pageSize=1")
        }
    }

    package func can(_ ability: Ability) -> Bool { traits.abilities.contains(ability) }

    /// The providers that can do that, for messages.
    static func names(_ ability: Ability) -> String {
        allCases.filter { $0.can(ability) }.map(\.rawValue).joined(separator: " or ")
    }
}
