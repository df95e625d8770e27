import Model
import Policy
import Testing

/// `overrides`: what rules are on some campaigns instead.
@Suite struct OverrideTests {
    private static let base =
        PolicyFiles.head + """
            campaigns:
              - {id: camp_1, labels: {team: sales, region: north}}
              - {id: camp_2, labels: {team: sales}}
              - {id: camp_3}
            launches: [{campaign: camp_3}]
            rules:
              - name: bounces
                when: bounceRate(24h) > 5% and resolved >= 50
                for: 2m
                then: pause
                resume: {after: 4h}
              - {name: tiers, value: bounceRate(24h), warn: 2%, pause: 5%, when: resolved >= 50}
              - {name: fits, on: launch, when: totalEnrolled > 100, then: hold}
              - {name: sure, campaigns: {team: sales}, when: bounceRate > 5%, confidence: 95%, then: pause}

            """

    private func rules(_ overrides: String) throws -> [Rule] {
        let outcome = PolicyFiles(Self.base + "overrides:\n" + overrides).load()
        let policy = try #require(outcome.policy, "\(outcome.diagnostics.map(\.message))")
        #expect(outcome.diagnostics.isEmpty, "\(outcome.diagnostics)")
        return policy.rules
    }

    private func entry(_ id: String, _ labels: [String: String] = [:]) -> CampaignEntry {
        CampaignEntry(id: CampaignID(unchecked: id), workspace: WorkspaceName("acme"), labels: labels)
    }

    private var entries: [CampaignEntry] {
        [entry("camp_1", ["team": "sales", "region": "north"]), entry("camp_2", ["team": "sales"]), entry("camp_3")]
    }

    /// The rule's conditions on the campaigns, in their order.
    private func conditions(_ name: String, _ overrides: String) throws -> [String] {
        let rule = try #require(try rules(overrides).first { $0.name == name })
        return entries.map { rule.resolved(on: $0).conditionText }
    }

    @Test func anOverrideByLabelChangesTheConditionOfItsCampaigns() throws {
        let other = "bounceRate(24h) > 8% and resolved >= 50"
        let found = try conditions(
            "bounces",
            "  - {where: {team: sales}, rule: bounces, when: \(other)}\n".replacing(other, with: "\"\(other)\""))
        #expect(found == [other, other, "bounceRate(24h) > 5% and resolved >= 50"])
    }

    @Test(arguments: [
        ("{campaign: camp_2}", [false, true, false]), ("{campaign: [camp_1, camp_3]}", [true, false, true]),
        ("{team: sales, region: north}", [true, false, false]),
        ("{team: sales, campaign: [camp_2, camp_3]}", [false, true, false]),
    ])
    func whereSelectsByLabelsAndIDs(_ selector: String, _ expected: [Bool]) throws {
        let found = try conditions("bounces", "  - {where: \(selector), rule: bounces, when: sent > 7}\n")
        #expect(found.map { $0 == "sent > 7" } == expected)
    }

    @Test func theLastOverrideThatMatchesApplies() throws {
        let found = try conditions(
            "bounces",
            """
              - {where: {team: sales}, rule: bounces, when: sent > 1, for: 9m}
              - {where: {campaign: camp_1}, rule: bounces, when: sent > 2}
            """)
        #expect(found == ["sent > 2", "sent > 1", "bounceRate(24h) > 5% and resolved >= 50"])
        let rule = try #require(
            try rules(
                "  - {where: {team: sales}, rule: bounces, for: 9m}\n  - {where: {campaign: camp_1}, rule: bounces, when: sent > 2}\n"
            ).first)
        #expect(rule.resolved(on: entries[0]).forClause == .duration(.seconds(120)), "overrides are not combined")
    }

    @Test func everythingThatCanDifferDoes() throws {
        let rule = try #require(
            try rules(
                """
                  - where: {campaign: camp_3}
                    rule: bounces
                    when: bounceRate > 7%
                    for: 3 of 5
                    severity: critical
                    mode: observe
                    confidence: 99%
                    within: 1000
                    resume: {after: 8h}
                    on_override: pause_again
                """
            ).first)
        let there = rule.resolved(on: entries[2])
        #expect(
            there.forClause == .count(breaches: 3, samples: 5) && there.severity == .critical && there.mode == .observe)
        #expect(there.confidence == 0.99 && there.within == 1000 && there.resume?.after == .seconds(8 * 3600))
        #expect(there.onOverride == .pauseAgain && there.conditionText == "bounceRate > 7%" && there.overrides.isEmpty)
        var plain = rule
        plain.overrides = []
        #expect(rule.resolved(on: entries[0]) == plain)
    }

    @Test func aRuleThatOnlyAlertsThereHasNothingToResume() throws {
        let rule = try #require(try rules("  - {where: {campaign: camp_3}, rule: bounces, then: alert}\n").first)
        #expect(rule.resolved(on: entries[2]).action == .alert && rule.resolved(on: entries[2]).resume == nil)
        #expect(rule.resolved(on: entries[0]).resume != nil)
    }

    @Test func anOverrideCoversEveryTierOfItsRule() throws {
        let rules = try rules("  - {where: {campaign: camp_3}, rule: tiers, warn: 3%, when: sent > 9}\n")
        let found = rules.filter { $0.name.hasPrefix("tiers") }.map { $0.resolved(on: entries[2]).conditionText }
        #expect(found == ["bounceRate(24h) > 5% and (sent > 9)", "bounceRate(24h) > 3% and (sent > 9)"])
    }

    @Test func aRuleOnLaunchesCanBeOverridden() throws {
        #expect(
            try conditions("fits", "  - {where: {campaign: camp_3}, rule: fits, when: totalEnrolled > 9}\n")[2]
                == "totalEnrolled > 9")
    }

    @Test func aRuleThatIsOffElsewhereIsEvaluated() throws {
        let text =
            Self.base.replacing("for: 2m", with: "mode: off")
            + "overrides: [{where: {campaign: camp_3}, rule: bounces, mode: enforce}]\n"
        let rule = try #require(PolicyFiles(text).load().policy?.rules.first)
        #expect(entries.map(rule.isEvaluated) == [false, false, true])
    }

    @Test func whatAnOverrideReadsIsReadAndRemembered() throws {
        let text =
            Self.base
            + "overrides: [{where: {campaign: camp_3}, rule: bounces, when: bounceRate(7d) > 5% and unsubscribed > 5}]\n"
        let policy = try #require(PolicyFiles(text).load().policy)
        #expect(policy.memoryWindow == .seconds(7 * 86400))
        #expect(policy.campaigns.map { policy.extraCounters(of: $0).isEmpty } == [true, true, false])
        #expect(
            policy.campaigns.map { policy.watchedRate(of: $0)?.window } == [
                .seconds(86400), .seconds(86400), .seconds(7 * 86400),
            ])
        #expect(policy.campaigns(of: policy.rules[0].overrides[0], of: policy.rules[0]).map(\.id.text) == ["camp_3"])
    }

    @Test func overridesOfIncludedFilesComeLast() throws {
        let files = PolicyFiles(
            Self.base + "include: a.yaml\noverrides: [{where: {campaign: camp_1}, rule: bounces, when: sent > 1}]\n",
            ["a.yaml": "overrides: [{where: {team: sales}, rule: bounces, when: sent > 2}]\n"])
        let rule = try #require(files.load().policy?.rules.first)
        #expect(entries.map { rule.resolved(on: $0).conditionText }.prefix(2) == ["sent > 2", "sent > 2"])
        #expect(
            files.found(.warning) == [
                "policy.yaml:19:13: later overrides replace this one on all of its campaigns, the last in a.yaml, line 1"
            ])
    }

    // MARK: Errors and warnings

    @Test(arguments: [
        (
            "{where: {team: sales}, rule: bounce, when: sent > 5}", "19:34: no rule is named 'bounce'",
            "did you mean 'bounces'?"
        ),
        (
            "{where: {team: sales}, rule: tiers/warn, warn: 3%}", "19:34: no rule is named 'tiers/warn'",
            "write rule: tiers; an override covers all tiers of its rule"
        ),
        (
            "{where: {campaign: camp_4}, rule: bounces, for: 5m}",
            "19:24: campaign 'camp_4' is not listed under 'campaigns'", "did you mean 'camp_1'?"
        ),
        (
            "{where: {campaign: \"camp_*\"}, rule: bounces, for: 5m}", "19:24: 'camp_*' is a pattern, not an id",
            "to select some, give them a label and write campaigns: {team: sales}"
        ),
        (
            "{where: {}, rule: bounces, for: 5m}",
            "19:13: 'where' must be labels that the campaigns have, or their ids",
            "for example {team: sales} or {campaign: camp_123}"
        ),
        (
            "{where: sales, rule: bounces, for: 5m}",
            "19:13: 'where' must be labels that the campaigns have, or their ids",
            "for example {team: sales} or {campaign: camp_123}"
        ),
        (
            "{rule: bounces, for: 5m}", "19:5: the override has no 'where'",
            "write where: {team: sales} or where: {campaign: camp_123}; to change the rule everywhere, edit the rule"
        ),
        ("{where: {team: sales}, for: 5m}", "19:5: the override has no 'rule'", "write rule: and the name of a rule"),
        (
            "{where: {team: sales}, name: bounces, for: 5m}", "19:28: unknown key 'name' in an override",
            "did you mean 'rule'?"
        ),
        (
            "{where: {team: sales}, rule: bounces}", "19:5: the override changes nothing",
            "add one of when, value, warn, pause, hold, for, mode, then, severity, confidence, within, resume, on_override"
        ),
        (
            "{where: {team: sales}, rule: bounces, on: launch}", "19:43: unknown key 'on' in an override",
            "an override cannot change this; write a second rule for these campaigns"
        ),
        (
            "{where: {team: sales}, rule: bounces, warn: 3%}", "19:43: rule 'bounces' has no 'warn' to override",
            "write the whole condition under 'when'"
        ),
        (
            "{where: {team: sales}, rule: tiers, hold: 3%}", "19:41: rule 'tiers' has no 'hold' to override",
            "add it to the rule"
        ),
        (
            "{where: {team: sales}, rule: tiers, warn: 6%}",
            "19:41: the limit of 'warn' must be reached before that of 'pause'", "give 'warn' the lower limit"
        ),
        ("{where: {team: sales}, rule: bounces, when: sent > 5%}", "19:54: cannot compare a count with a ratio", nil),
        (
            "{where: {team: sales}, rule: bounces, then: hold}", "19:49: only a rule on launches can hold",
            "write then: pause, or add on: launch"
        ),
        (
            "{where: {team: sales}, rule: bounces, when: complained > 5}",
            "19:43: Leadterra never reports 'complained'", nil
        ),
    ])
    func aWrongOverrideIsOneError(_ override: String, _ error: String, _ help: String?) {
        let files = PolicyFiles(Self.base + "overrides:\n  - \(override)\n")
        #expect(files.found() == ["policy.yaml:" + error])
        if let help { #expect(files.help().contains(help), "\(files.help())") }
    }

    @Test(arguments: [
        "{name: x, on: pool, when: pool.remainingVolume < 5, then: alert}",
        "{name: x, on: group, by: team, when: bounceRate(24h) > 5%, then: pause}",
    ])
    func onlyRulesOnCampaignsCanBeOverridden(_ rule: String) {
        let text =
            PolicyFiles.head
            + "campaigns: [{id: a, labels: {team: s}}]\nrules:\n  - \(rule)\noverrides: [{where: {team: s}, rule: x, for: 5m}]\n"
        #expect(
            PolicyFiles(text).found() == [
                "policy.yaml:7:38: rule 'x' cannot be overridden: it is not evaluated for each campaign separately"
            ])
    }

    @Test func anErrorInTheRuleIsReportedOnce() {
        let broken = Self.base.replacing("resolved >= 50\n    for", with: "resolvd >= 50\n    for")
        let files = PolicyFiles(broken + "overrides: [{where: {team: sales}, rule: bounces, for: 5m}]\n")
        #expect(files.found() == ["policy.yaml:11:36: unknown name 'resolvd'"])
        let inherited = PolicyFiles(
            Self.base.replacing("for: 2m", with: "for: 2x")
                + "overrides: [{where: {team: sales}, rule: bounces, mode: observe}]\n")
        #expect(inherited.found().count == 1)
    }

    @Test(arguments: [
        (
            "{where: {taem: sales}, rule: bounces, for: 5m}",
            "19:13: the override applies to no campaign: none has the label 'taem'", "did you mean 'team'?"
        ),
        (
            "{where: {team: sale}, rule: bounces, for: 5m}",
            "19:13: the override applies to no campaign: none has the label 'team: sale'", "did you mean 'sales'?"
        ),
        (
            "{where: {team: sales, campaign: camp_3}, rule: bounces, for: 5m}",
            "19:13: the override applies to no campaign: none matches the whole selection",
            "a campaign must have every label, and one of the ids if there are any"
        ),
        (
            "{where: {campaign: camp_3}, rule: sure, for: 5m}",
            "19:13: rule 'sure' applies to none of these campaigns, with or without the override",
            "correct the labels here, or 'campaigns' in the rule"
        ),
    ])
    func anOverrideWithoutEffectIsAWarning(_ override: String, _ warning: String, _ help: String) {
        let files = PolicyFiles(Self.base + "overrides:\n  - \(override)\n")
        #expect(files.load().policy != nil && files.found(.warning) == ["policy.yaml:" + warning])
        #expect(files.help() == [help])
    }

    @Test func aLaterOverrideOfOtherCampaignsReplacesNothing() {
        let one = "  - {where: {team: sales}, rule: bounces, for: 5m}\n"
        let text = Self.base + "overrides:\n" + one
        #expect(PolicyFiles(text + "  - {where: {campaign: camp_2}, rule: bounces, for: 6m}\n").found(.warning).isEmpty)
        #expect(PolicyFiles(text + "  - {where: {team: sales}, rule: tiers, for: 6m}\n").found(.warning).isEmpty)
        #expect(PolicyFiles(text + one).found(.warning).count == 1)
    }

    @Test func thereIsALimitToOverrides() {
        let one = "  - {where: {campaign: camp_3}, rule: bounces, for: 5m}\n"
        let found = PolicyFiles(Self.base + "overrides:\n" + String(repeating: one, count: 201)).found()
        #expect(found == ["policy.yaml:19:3: overrides has 201 entries; the limit is 200"])
    }

    /// A counter that costs a request is read only where the rule, as it is there, reads it.
    @Test(arguments: [
        ("sent > 5", "unsubscribed > 5", 1), ("unsubscribed > 5", "sent > 5", 2), ("sent > 5", "bounced > 5", 0),
    ])
    func extraRequestsAreThoseOfTheRuleThatApplies(_ rule: String, _ there: String, _ expected: Int) throws {
        let text =
            PolicyFiles.head + "campaigns: [a, b, c]\nrules: [{name: r, when: \(rule), then: pause}]\n"
            + "overrides: [{where: {campaign: a}, rule: r, when: \(there)}]\n"
        let policy = try #require(PolicyFiles(text).load().policy)
        #expect(policy.poll.extraRequests == ExtraRequests(ofCampaigns: expected, campaigns: 3))
        #expect(policy.campaigns.count { !policy.extraCounters(of: $0).isEmpty } == expected)
    }

    /// A script that removes a campaign must not make the policy invalid.
    @Test func anIDThatIsNotListedIsAWarningIfScriptsListCampaigns() {
        let text =
            Self.base + "campaigns_file: c.txt\noverrides: [{where: {campaign: camp_9}, rule: bounces, for: 5m}]\n"
        let files = PolicyFiles(text, ["c.txt": "camp_8\n"])
        #expect(files.load().policy != nil)
        #expect(files.found(.warning) == ["policy.yaml:19:32: campaign 'camp_9' is not listed at present"])
        #expect(PolicyFiles(text, ["c.txt": "camp_9\n"]).found(.warning).isEmpty)
    }
}
