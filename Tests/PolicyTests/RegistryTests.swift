import Policy
import Testing

/// The registry is complete and without contradictions.
@Suite struct RegistryTests {
    @Test func everyGaugeHasOneEntry() {
        let gauges =
            Counter.allCases.map(Gauge.counter) + Rate.allCases.map(Gauge.rate)
            + PlatformGauge.allCases.map(Gauge.platform) + PoolGauge.allCases.map(Gauge.pool)
            + AccountsGauge.allCases.map(Gauge.accounts)
        #expect(Set(Registry.names.map(\.gauge)) == Set(gauges) && Registry.names.count == gauges.count)
        for gauge in gauges { #expect(Gauge(rawValue: gauge.rawValue) == gauge) }
    }

    @Test func everyFunctionHasItsOwnName() {
        #expect(Set(Registry.functions.map(\.name)).count == Registry.functions.count)
    }

    /// The form in the policy reference is a call of the function.
    @Test func formsBeginWithTheName() {
        for function in Registry.functions {
            #expect(function.form.hasPrefix(function.name + "(") && function.form.hasSuffix(")"))
            #expect(!function.summary.isEmpty && !function.summary.hasSuffix("."))
        }
    }

    @Test(arguments: [
        ("increase(sent)", "increase takes a counter and a window"),
        ("bounceRate(1h, 2h) > 5%", "bounceRate takes one window"),
        ("age(sent) > 1m", "age takes stats, pools, accounts or campaign"),
        ("age() > 1m", "age takes stats, pools, accounts or campaign"),
        ("wilson_lower(sent, 95%) > 5%", "wilson_lower takes two counts and a confidence"),
        ("campaign.label(team) == \"a\"", "campaign.label takes one text"),
        ("sent + pool.tag(\"a\") > 5", "expected a number, found text"),
        ("rate > 5", "'rate' is a function"), ("campaign.label == \"a\"", "'campaign.label' is a function"),
        ("replyRate(24h) > 5%", "replyRate takes no window"), ("sent(24h) > 5", "'sent' is not a function"),
        ("bouncRate(24h) > 5%", "unknown function 'bouncRate'"),
    ])
    func wrongCallsSayWhatTheFunctionTakes(_ condition: String, _ message: String) {
        #expect(SamplePolicy.outcome(when: condition).diagnostics.map(\.message).contains(message), "\(condition)")
    }
}
