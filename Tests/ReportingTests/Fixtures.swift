@testable import Guard
import Model
import Policy

/// One event of each kind and variant, with a name; `Entries.txt` lists them in this order.
struct Fixture {
    var name: String
    var event: GuardEvent

    init(_ name: String, _ event: GuardEvent) { (self.name, self.event) = (name, event) }

    static func all() throws -> [Fixture] {
        let world = try FixtureWorld()
        return try rules(world) + stats(world) + pauses(world) + failedPauses(world) + resumes(world)
            + hindrances(world) + launches(world) + holds(world) + pools(world) + senders(world) + api(world)
            + limits(world) + missingData(world) + watchList(world) + acceptances(world) + refusals(world)
            + mutes() + recalledLists() + ruleEnds(world)
    }

    private static let noon = FixtureWorld.noon
    private static let http503 = Fault(.unreachable, "HTTP 503")

    // MARK: Rules

    private static func rules(_ world: FixtureWorld) throws -> [Fixture] {
        func transition(
            _ name: String, _ change: RuleState.Change, _ rule: String, on subject: RuleTransition.Subject? = nil,
            _ readings: FixtureReadings? = nil
        ) throws -> Fixture {
            let rule = try world.rule(rule)
            let evaluation = rule.condition.evaluate(readings ?? world.readings())
            return Fixture(
                name, .rule(RuleTransition(change, rule, evaluation, on: subject ?? .campaign(world.sales.entry))))
        }
        let pool = RuleTransition.Subject.pool(PoolID(unchecked: "pool_a"))
        var low = world.readings()
        low.gauges[.pool(.available)] = 40
        var sure = world.readings()
        sure.armed = (27, 150)
        var changed = world.readings()
        changed.changed = try change(of: world.rule("changed-bounce-rate"))
        return [
            try transition("a rule is pending", .pending, "bounce-rate"),
            try transition("a rule that counts polls is pending", .pending, "bounces-in-polls"),
            try transition("a rule is firing", .firing, "bounce-rate"),
            try transition("a rule that counts polls is firing", .firing, "bounces-in-polls"),
            try transition("a rule with a confidence is firing", .firing, "sure-bounce-rate", sure),
            try transition("a rule with within is firing", .firing, "changed-bounce-rate", changed),
            try transition("a rule in observe mode is firing", .firing, "watched-bounce-rate"),
            try transition("a rule on a pool is firing", .firing, "pool-low", on: pool, low),
            try transition("a rule is clear", .cleared, "bounce-rate"),
        ]
    }

    /// Ten of a thousand emails bounced, and 28 of the next 140.
    private static func change(of rule: Rule) throws -> ChangeReading? {
        guard let test = rule.condition.test, let detector = test.detector else { return nil }
        var evidence = ChangeEvidence()
        let start = Instant(milliseconds: 1_796_000_000_000)
        for _ in 0..<10 { detector.count(1, of: 100, at: start, in: &evidence) }
        for minute in 0..<14 { detector.count(2, of: 10, at: start + .seconds(60 * minute), in: &evidence) }
        return ChangeReading(evidence, armed: (36, 1130), test)
    }

    // MARK: Campaigns

    private static func stats(_ world: FixtureWorld) -> [Fixture] {
        let events: [(String, CampaignEvent)] = [
            ("a campaign is unknown to the platform", .missing(Fault(.missing, "HTTP 404"))),
            ("a campaign's stats are stale", .stale(age: .seconds(330), lastFault: "HTTP 503")),
            ("a campaign's stats are stale without a fault", .stale(age: .seconds(330), lastFault: nil)),
            ("a campaign's stats are fresh again", .fresh(after: .seconds(630))),
            ("answers about a campaign are often unusable", .degraded(unusable: 11, of: 20)),
            ("answers about a campaign are usable again", .steady),
            ("a campaign stands still", .standstill(since: noon, lasting: .seconds(86400))),
            (
                "a campaign's counters restarted",
                .countersRestarted(from: CampaignStats(sent: 520), to: CampaignStats(sent: 3))
            ),
            ("a campaign's counters are back", .countersReturned),
        ]
        return events.map { Fixture($0, .campaign(world.sales, $1)) }
            + [
                Fixture(
                    "a campaign without stats is stale",
                    .campaign(world.unpolled, .stale(age: .seconds(300), lastFault: nil)))
            ]
    }

    private static func missingData(_ world: FixtureWorld) throws -> [Fixture] {
        let rule = try world.rule("bounce-rate")
        let observed = try world.rule("watched-bounce-rate")
        let noPool = try world.rule("pool-low").condition.missing(in: FixtureReadings(covered: .zero))
        let noBounces = observed.condition.missing(
            in: FixtureReadings(gauges: [.counter(.delivered): 453], covered: .zero))
        let neither = rule.condition.missing(in: FixtureReadings(covered: .zero))
        func report(_ rule: Rule, _ names: MissingNames, isProbation: Bool = false) -> RuleDataReport {
            RuleDataReport(rule, MissingData(names: names, since: noon), isProbation: isProbation)
        }
        var alerts = rule
        alerts.action = .alert
        let events: [(String, CampaignEvent)] = [
            ("a rule has had no data", .ruleLacksData(report(rule, noBounces), lasting: .seconds(600))),
            (
                "a rule in observe mode has had no data",
                .ruleLacksData(report(observed, neither), lasting: .seconds(600))
            ),
            ("a rule has had no pool data", .ruleLacksData(report(rule, noPool), lasting: .seconds(600))),
            ("a rule has data again", .ruleHasData(report(rule, noBounces), after: .seconds(7800))),
            (
                "a rule that only alerts has had no data",
                .ruleLacksData(report(alerts, noBounces), lasting: .seconds(600))
            ),
            (
                "a probation has had no data",
                .ruleLacksData(report(rule, noBounces, isProbation: true), lasting: .seconds(600))
            ),
            (
                "a probation has data again",
                .ruleHasData(report(rule, noBounces, isProbation: true), after: .seconds(7800))
            ),
        ]
        return events.map { Fixture($0, .campaign(world.sales, $1)) } + (try groups(world))
    }

    private static func groups(_ world: FixtureWorld) throws -> [Fixture] {
        let rule = try world.rule("team-bounces")
        func label(_ counted: Int) -> GroupLabel {
            GroupLabel(by: "team", value: "sales", campaigns: 4, counted: counted)
        }
        var observed = rule
        observed.mode = .observe
        let gap = DataGap(since: noon)
        let lacking = (1...5).map { CampaignID(unchecked: "camp_\($0)") }
        let lost = GroupEvent.ruleLacksData(gap, lacking: Array(lacking.prefix(2)), reason: nil, lasting: .seconds(300))
        let many = GroupEvent.ruleLacksData(
            gap, lacking: lacking, reason: "the list of replies is incomplete", lasting: .seconds(300))
        return [
            Fixture("a rule on a group has had no data", .group(label(2), rule, lost)),
            Fixture("a rule on a group in observe mode has had no data", .group(label(0), observed, many)),
            Fixture(
                "a rule on a group has data again", .group(label(4), rule, .ruleHasData(gap, after: .seconds(7800)))),
        ]
    }

    private static func pauses(_ world: FixtureWorld) throws -> [Fixture] {
        let rule = try world.rule("bounce-rate")
        let counts = BounceCounts(bounced: 27, resolved: 480)
        let byRule = world.decision(.rule("bounce-rate"), rule)
        let probation = Decision(
            id: 8, at: noon, campaign: world.sales.entry.id, cause: .relapse("bounce-rate"),
            conditionText: rule.resume?.probation?.conditionText,
            evidence: rule.resume?.probation?.condition.evaluate(world.readings()))
        let fitsPool = try world.rule("fits-pool")
        var exhausted = PauseReport(byRule, rule: rule, mode: .enforce, counts: counts)
        exhausted.resumesExhausted = true
        let polls = try world.rule("bounces-in-polls")
        let reports: [(String, PauseReport)] = [
            (
                "a rule pauses a campaign, which is resumed later",
                PauseReport(
                    byRule, rule: rule, mode: .enforce, resumesAt: noon + .milliseconds(14_400_250), counts: counts)
            ),
            (
                "a rule pauses a campaign for good",
                PauseReport(world.decision(.rule(polls.name), polls), rule: polls, mode: .enforce)
            ),
            ("a rule pauses a campaign that was resumed too often", exhausted),
            (
                "a rule pauses a campaign on a window that is partly covered",
                PauseReport(
                    world.decision(.rule("bounce-rate"), rule, covered: .seconds(5400)), rule: rule, mode: .enforce,
                    counts: counts)
            ),
            ("a rule would pause a campaign", PauseReport(byRule, rule: rule, mode: .observe, counts: counts)),
            ("a rule that left the policy pauses a campaign", PauseReport(byRule, rule: nil, mode: .enforce)),
            (
                "a relapse pauses a campaign",
                PauseReport(probation, rule: rule, mode: .enforce, resumesAt: noon + .seconds(8 * 3600))
            ),
            (
                "an unapproved launch is paused",
                PauseReport(world.decision(.unapprovedLaunch, fitsPool), rule: fitsPool, mode: .enforce)
            ),
            (
                "an order pauses a campaign",
                PauseReport(world.decision(.order(world.order(.pause))), rule: nil, mode: .enforce)
            ),
        ]
        return reports.map { Fixture($0, .campaign(world.sales, .paused($1))) }
    }

    private static func failedPauses(_ world: FixtureWorld) throws -> [Fixture] {
        let decision = world.decision(.rule("bounce-rate"))
        let pause = try world.pause(repetitions: 2)
        let objections: [(String, PauseObjection)] = [
            ("in observe mode", .observeMode),
            ("as on_unapproved changed", .unapprovedAllowed),
            ("as no launch rule holds it", .launchAllowed),
            ("as its rule left the policy", .ruleRemoved("bounce-rate")),
            ("as its rule was muted", .ruleMuted("bounce-rate", by: "anna (uid 1000, pid 4711)")),
            ("as its rule was muted by a restart", .ruleMuted("bounce-rate", by: nil)),
        ]
        let cleared = PauseObjection.conditionCleared("bounceRate(24h) > 5%")
        let events: [(String, CampaignEvent)] =
            [
                ("someone else had paused the campaign", .alreadyPaused(decision, status: .paused, pausedAt: noon)),
                (
                    "someone else had paused the campaign, unknown when",
                    .alreadyPaused(decision, status: .paused, pausedAt: nil)
                ),
                ("a campaign paused again was still paused", .stillPaused(decision, pausedAt: noon)),
                ("the campaign to pause is a draft", .alreadyPaused(decision, status: .draft, pausedAt: nil)),
                (
                    "a pause failed and is tried again",
                    .pauseFailed(decision, http503, attempts: 3, retryIn: .seconds(8))
                ),
                (
                    "a pause failed for good",
                    .pauseFailed(decision, Fault(.missing, "HTTP 404"), attempts: 1, retryIn: nil)
                ),
                ("a pause is given up", .pauseAbandoned(decision, cleared, mayHaveTakenEffect: false)),
                (
                    "a pause is given up that may have taken effect",
                    .pauseAbandoned(decision, cleared, mayHaveTakenEffect: true)
                ),
            ]
            + objections.map { ("a pause is given up \($0)", .pauseAbandoned(decision, $1, mayHaveTakenEffect: false)) }
            + [
                ("a pause seems to have no effect", .pauseUncertain(pause)),
                ("a pause without effect is not sent again", .pauseNotRepeated(pause, cleared)),
                ("a pause has no effect", .pauseIneffective(pause)),
                ("another's pause has no effect", .pauseOutlasted(pauses: 3)),
                ("a pause has an effect after all", .pauseEffective(pause)),
                ("a restart by hand leaves the rules as they are", .overridden(pause, .evaluatedAsBefore)),
                ("a restart by hand mutes the rule", .overridden(pause, .ruleMuted)),
                ("a restart by hand is paused again", .overridden(pause, .pausedAgain)),
                ("a restart by hand restarted the counters", .overridden(pause, .countedFromRestart)),
            ]
        return events.map { Fixture($0, .campaign(world.sales, $1)) }
    }

    private static func resumes(_ world: FixtureWorld) throws -> [Fixture] {
        let rule = try world.rule("bounce-rate")
        let probation = rule.resume?.probation?.condition.evaluate(world.readings())
        let order = world.order(.resume)
        let events: [(String, CampaignEvent)] = [
            ("a campaign is resumed", .resumed(ResumeReport(rule: rule, order: nil, resumes: 2, warnings: []))),
            (
                "a campaign is resumed after its rule was removed",
                .resumed(ResumeReport(rule: nil, ruleName: "bounce-rate", order: nil, resumes: 1, warnings: []))
            ),
            (
                "a campaign is resumed as ordered",
                .resumed(ResumeReport(rule: nil, order: order, resumes: 0, warnings: [try warning(world)]))
            ),
            ("a rule counts from a resume", .ruleRearmed(rule)),
            ("a campaign was resumed too often", .resumesExhausted(rule)),
            ("a campaign relapsed", .relapsed(rule, probation ?? world.breach(rule))),
            ("a campaign passed its probation", .probationPassed(rule, resolved: 214)),
        ]
        return events.map { Fixture($0, .campaign(world.sales, $1)) }
    }

    /// The finding is nil only if the condition has no comparison of numbers.
    static func warning(_ world: FixtureWorld) throws -> LaunchWarning {
        let rule = try world.rule("fits-pool")
        return LaunchWarning(
            rule: rule.name, conditionText: rule.conditionText, finding: world.breach(rule).decisive)
    }

    private static func hindrances(_ world: FixtureWorld) throws -> [Fixture] {
        let rule = try world.rule("bounces-in-polls")
        let pool = PoolID(unchecked: "pool_a")
        let breached = ResumeObstacle.breached(
            rule: rule.name, conditionText: rule.conditionText, finding: world.breach(rule).decisive)
        let hindrances: [(String, ResumeHindrance)] = [
            ("another rule is breached", .obstacles([breached])),
            ("several obstacles", .obstacles([.ledgerFailing, .campaignMissing])),
            ("the campaign is not running", .notRunning),
            ("the request failed", .failed("HTTP 503")),
            ("there are no fresh stats", .noFreshStats("HTTP 503")),
            ("the stats are incomplete", .incompleteStats),
            ("its volume is reserved", .volumeReserved(remaining: 480, reserved: 700, pool: pool)),
            ("its volume is reserved, size unknown", .volumeReserved(remaining: nil, reserved: 700, pool: pool)),
            ("the start limit is reached", .startLimit),
            ("no rule resumes it", .noRuleResumes),
            ("it waits for quiet hours", .quietHours(QuietSpell(until: FixtureWorld.noon + .seconds(3600)))),
        ]
        return hindrances.map {
            Fixture("a resume fails: \($0)", .campaign(world.sales, .resumeFailed(rule: "bounce-rate", order: nil, $1)))
        } + [
            Fixture(
                "a resume fails for good: the rule was removed",
                .campaign(
                    world.sales,
                    .resumeFailed(rule: "bounce-rate", order: nil, .failed("HTTP 503"), isRetried: false))),
            Fixture(
                "an ordered resume fails: the order is too old",
                .campaign(
                    world.sales,
                    .resumeFailed(
                        rule: "bounce-rate", order: world.order(.resume), .orderExpired(after: .seconds(3600))))),
        ]
    }
}
