package import Model

/// The made-up Twilio side of a workspace: pools with their senders, and how long changes take.
package struct TwilioDescription: Sendable {
    package struct Pool: Sendable {
        package var name: String
        package var tags: [String: String] = [:]
        /// Members that can send, and others, of that channel.
        package var active = 1
        package var deactivated = 0
        package var channel = PoolSender.Channel.email
        /// How long before the world's beginning it was made.
        package var age: Duration = .seconds(30 * 86400)

        package init(name: String) { self.name = name }
    }

    /// Either is taken, as HTTP's Basic authentication.
    package var keys = ["AC_simulator:auth_token", "SK_simulator:api_key_secret"]
    package var pools: [Pool] = []
    /// Senders that are in no pool, and can be added to one.
    package var spare = 3
    /// How long an operation takes.
    package var operationTakes: Duration = .seconds(2)
    /// The share of an operation's parts that fail, 0…1.
    package var failures = 0.0

    package init() {}
}
