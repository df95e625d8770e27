import Model
import Policy
import Testing

/// `start_limit`, `circuit_breaker`, and the deprecated `belt`.
@Suite struct LimitTests {
    private static let head = """
        version: 1
        mode: enforce
        workspace: {name: acme, provider: leadterra, credential: acme.key}
        campaigns: [{id: camp_1}]
        rules: [{name: r, when: sent > 5, then: alert}]

        """

    private func outcome(_ text: String) -> PolicyLoader.Outcome {
        PolicyLoader.load(SourceFile(name: "p.yaml", text: Self.head + text))
    }

    @Test func bothHaveDefaults() throws {
        let policy = try #require(outcome("").policy)
        #expect(policy.startLimit == StartLimit(share: Ratio(0.2), per: .seconds(600)))
        #expect(policy.circuitBreaker == CircuitBreakerSettings(pauses: .continue, per: .seconds(600)))
    }

    @Test func eachKeyHasItsOwnPeriod() throws {
        let outcome = outcome("start_limit: {share: 10%, per: 1h}\ncircuit_breaker: {pauses: stop, per: 5m}\n")
        let policy = try #require(outcome.policy)
        #expect(outcome.diagnostics.isEmpty)
        #expect(policy.startLimit == StartLimit(share: Ratio(0.1), per: .seconds(3600)))
        #expect(policy.circuitBreaker == CircuitBreakerSettings(pauses: .stop, per: .seconds(300)))
    }

    struct Deprecated: Sendable {
        var belt: String
        var share = 0.2
        var pauses = CircuitBreakerSettings.Pauses.continue
        var per = Duration.seconds(600)
        var help: String
    }

    static let deprecated = [
        Deprecated(
            belt: "{starts: 10%, per: 1h, pauses: go}", share: 0.1, per: .seconds(3600),
            help: "write start_limit: {share: 10%, per: 1h} and circuit_breaker: {pauses: continue, per: 1h} instead"),
        Deprecated(belt: "{pauses: stop}", pauses: .stop, help: "write circuit_breaker: {pauses: stop} instead"),
        Deprecated(belt: "{starts: 0.5}", share: 0.5, help: "write start_limit: {share: 0.5} instead"),
        Deprecated(belt: "{}", help: "remove it"),
    ]

    @Test(arguments: deprecated)
    func beltStillWorksWithOneWarning(_ old: Deprecated) throws {
        let outcome = outcome("belt: \(old.belt)\n")
        let policy = try #require(outcome.policy)
        #expect(policy.startLimit == StartLimit(share: Ratio(old.share), per: old.per))
        #expect(policy.circuitBreaker == CircuitBreakerSettings(pauses: old.pauses, per: old.per))
        let warning = try #require(outcome.diagnostics.first)
        #expect(outcome.diagnostics.count == 1 && warning.severity == .warning)
        #expect(warning.message == "'belt' is deprecated" && warning.help == old.help)
        #expect(warning.position == Position(line: 6, column: 1))
    }

    /// The replacement that the warning suggests sets the same limits.
    @Test(arguments: deprecated)
    func theSuggestedReplacementIsEquivalent(_ old: Deprecated) throws {
        let replacement = old.help.replacing("write ", with: "").replacing(" instead", with: "")
            .replacing(" and ", with: "\n").replacing("remove it", with: "")
        let (before, after) = (outcome("belt: \(old.belt)\n"), outcome(replacement + "\n"))
        #expect(after.diagnostics.isEmpty)
        #expect(try #require(before.policy) == #require(after.policy))
    }
}
