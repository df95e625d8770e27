package import Model

/// The Twilio part of a world: pools, senders, and how long changes take.
package struct TwilioDescription: Sendable {
    package struct Pool: Sendable {
        package var name: String
        package var tags: [String: String] = [:]
        /// Numbers of activated and deactivated members; all have the same channel.
        package var active = 1
        package var deactivated = 0
        package var channel = PoolSender.Channel.email
        /// The age of the pool at the world's start.
        package var age: Duration = .seconds(30 * 86400)

        package init(name: String) { self.name = name }
    }

    /// The accepted keys, for HTTP Basic authentication.
    package var keys = ["AC_simulator:auth_token", "SK_simulator:api_key_secret"]
    package var pools: [Pool] = []
    /// Senders that are in no pool.
    package var spare = 3
    /// How long an operation takes.
    package var operationTakes: Duration = .seconds(2)
    /// The share of an operation's parts that fail, 0…1.
    package var failures = 0.0

    package init() {}
}
