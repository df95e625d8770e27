@testable import Guard
import Model
import Policy

extension Fixture {
    static func launches(_ world: FixtureWorld) throws -> [Fixture] {
        let noon = FixtureWorld.noon
        let launch = LaunchEntry(campaign: world.sales.entry.id, notBefore: noon, expires: noon + .seconds(86400))
        let rule = try world.rule("fits-pool")
        let passed = Decision(
            id: 7, at: noon, campaign: launch.campaign, cause: .launchRulesPass, conditionText: nil, evidence: nil)
        let order = world.order(.release, isForced: true)
        func ordered(_ truth: Truth) -> Decision {
            Decision(
                id: 7, at: noon, campaign: launch.campaign, cause: .order(order),
                conditionText: "(totalEnrolled > pool.available)",
                evidence: Evaluation(truth: truth, findings: [], coverage: nil))
        }
        func released(
            _ decision: Decision, _ mode: Mode = .enforce, _ pool: PoolReading? = world.pool(remaining: 2000),
            note: ReleaseReport.Note? = nil
        ) -> LaunchEvent { .released(ReleaseReport(decision: decision, mode: mode, pool: pool, note: note)) }
        let events: [(String, LaunchEvent)] = [
            ("a launch is queued", .queued),
            ("a launch expired", .expired),
            ("a launch can never fit", .cannotFit(enrolled: 1000, capacity: 800, pool: PoolID(unchecked: "pool_a"))),
            ("a launch is started", released(passed)),
            ("a launch would be started", released(passed, .observe)),
            ("a launch is started without volumes", released(passed, .enforce, nil)),
            ("a launch is started by order", released(ordered(.no))),
            ("a launch is started against a rule", released(ordered(.yes), .enforce, world.pool(remaining: 195))),
            ("a launch is started although a rule is unknown", released(ordered(.unknown))),
            ("a launch had been started before", released(passed, note: .ranSince(noon))),
            ("a launch was started although its answer was lost", released(passed, note: .seenInCounters)),
            ("a start failed", .failed(passed, Fault(.unreachable, "HTTP 503"), .triedAgain)),
            ("a start failed for good", .failed(passed, Fault(.refused, "HTTP 422"), .closed)),
            (
                "a lost start is given up",
                .failed(passed, Fault(.unreachable, "its start received no response"), .givenUp)
            ),
            ("a start of a removed launch failed", .failed(passed, Fault(.unreachable, "HTTP 503"), .notInPolicy)),
            ("a launch is skipped", .skipped(after: .seconds(600), reasons: [.noStats])),
            ("a launch that was never answered is skipped", .skipped(after: .seconds(600), reasons: [])),
            ("a launch was already started", .alreadyStarted),
            ("someone else started a launch", .unapproved(rule: nil, nil)),
            ("someone else started a launch that a rule holds", .unapproved(rule: rule, world.breach(rule))),
        ]
        let anytime = LaunchEntry(campaign: world.unpolled.entry.id)
        return events.map { Fixture($0, .launch(world.sales, launch, $1)) }
            + [Fixture("a launch without a time is queued", .launch(world.unpolled, anytime, .queued))]
    }

    static func holds(_ world: FixtureWorld) throws -> [Fixture] {
        let launch = LaunchEntry(campaign: world.sales.entry.id)
        let rule = try world.rule("fits-pool")
        var blind = world.readings()
        blind.gauges[.pool(.available)] = nil
        let unknown = rule.condition.evaluate(blind)
        let other = try world.rule("big-launch")
        let holds: [(String, HoldReport)] = [
            (
                "the pool is short of volume",
                HoldReport(reasons: [.rule(rule.name)], rule: rule, evaluation: world.breach(rule), pool: world.pool())
            ),
            (
                "the pool is too small",
                HoldReport(
                    reasons: [.rule(rule.name)], rule: rule, evaluation: world.breach(rule),
                    pool: world.pool(remaining: 800, reserved: 18, capacity: 800))
            ),
            (
                "a rule lacks data",
                HoldReport(reasons: [.unknownRule(rule.name)], rule: rule, evaluation: unknown, pool: nil)
            ),
            (
                "two rules hold it",
                HoldReport(
                    reasons: [.rule(rule.name), .rule(other.name)], rule: rule, evaluation: world.breach(rule),
                    pool: world.pool())
            ),
        ]
        let reasons: [(String, HoldReason)] = [
            ("it has no stats", .noStats), ("it has no leads", .noLeads), ("there are no fresh stats", .noFreshStats),
            ("its start failed", .startFailed), ("the start limit is reached", .startLimit),
            ("quiet hours hold it", .quietHours(QuietSpell(until: FixtureWorld.noon + .seconds(3600)))),
            ("quiet hours hold it for good", .quietHours(QuietSpell(until: nil))),
            ("the ledger fails", .ledger), ("it is paused", .paused), ("a person holds it", .person("anna (uid 1000)")),
        ]
        let all = holds + reasons.map { ($0, HoldReport(reasons: [$1], rule: nil, evaluation: nil, pool: nil)) }
        return all.map { Fixture("a launch is held: \($0)", .launch(world.sales, launch, .held($1))) }
    }

    // MARK: Pools and senders

    static func pools(_ world: FixtureWorld) throws -> [Fixture] {
        var inconsistent = world.volumes(remaining: nil, capacity: nil)
        inconsistent.contradiction = "remainingVolume 2500 exceeds dailyCapacity 2000"
        let missing = PoolID(unchecked: "pool_b")
        let low = try world.rule("pool-low")
        let names = low.condition.missing(in: FixtureReadings(covered: .zero))
        let noData = RuleDataReport(low, MissingData(names: names, since: FixtureWorld.noon))
        let events: [(String, PoolEvent)] = [
            ("a pool is exhausted", .exhausted(world.volumes(remaining: 0, resets: true))),
            ("a pool is exhausted, unknown until when", .exhausted(world.volumes(remaining: 0))),
            ("a pool has volume again", .renewed(world.volumes(remaining: 2000))),
            ("a pool's figures contradict each other", .inconsistent(inconsistent)),
            ("a pool's figures agree again", .consistent(world.volumes(remaining: 1500))),
            ("a pool is missing", .missing(missing, known: [PoolID(unchecked: "pool_a")])),
            ("a pool is missing, as are all others", .missing(missing, known: [])),
            ("no pool matches", .unbound(world.binding)),
            ("several pools match", .ambiguous(world.binding, count: 2)),
            ("a rule on a pool has had no data", .ruleLacksData(missing, noData, lasting: .seconds(600))),
            ("a rule on a pool has data again", .ruleHasData(missing, noData, after: .seconds(7800))),
        ]
        return events.map { Fixture($0, .pool($1)) }
    }

    static func senders(_ world: FixtureWorld) throws -> [Fixture] {
        let (removal, restoral) = (try world.change(.remove), try world.change(.restore))
        let (dropDead, putBack) = (try world.rule("drop-dead"), try world.rule("put-back"))
        var roster = PoolRoster(pool: SenderPool(id: PoolID(unchecked: "comms_pool_1")))
        let query = RosterQuery(binding: world.binding)
        for number in 1...3 {
            var member = world.sender
            member.id = SenderID(unchecked: "sender_\(number)")
            member.status = number == 1 ? .deactivated : .activated
            roster.add(member, query)
        }
        let removed = RemovedSender(
            sender: world.sender, platformPool: PoolID(unchecked: "comms_pool_1"), rule: "drop-dead", decision: 9,
            at: FixtureWorld.noon)
        let retry = SenderFailure.Next.retry(in: .seconds(60))
        let until = FixtureWorld.noon + .milliseconds(86_400_500)
        let events: [(String, SenderEvent)] = [
            ("a sender is removed", .changed(removal, dropDead, .enforce)),
            ("a sender would be removed", .changed(removal, dropDead, .observe)),
            ("a sender is restored", .changed(restoral, putBack, .enforce)),
            ("a sender would be restored", .changed(restoral, putBack, .observe)),
            ("a removal failed", .changeFailed(removal, .operationFailed(failed: 1, of: 1), retry)),
            ("a removal was canceled", .changeFailed(removal, .operationCanceled, retry)),
            ("a removal is not shown", .changeFailed(removal, .notShown, retry)),
            ("a removal's answer was lost", .changeFailed(removal, .failed("timeout"), .membersDecide(rest: nil))),
            (
                "a removal must not be repeated",
                .changeFailed(removal, .failed("HTTP 500"), .membersDecide(rest: .seconds(86400)))
            ),
            ("a removal's pool changed", .changeFailed(removal, .poolRebound, .final)),
            ("a restoral failed for good", .changeFailed(restoral, .failed("HTTP 404"), .final)),
            ("a removal is slow", .changeSlow(removal, .seconds(3660))),
            ("a sender was not there", .alreadyRemoved(removal, .unknownThere)),
            ("a sender is gone", .alreadyRemoved(removal, .unconfirmed)),
            ("a sender stays", .retained(world.sender, world.binding, roster, dropDead)),
            ("someone restored a sender", .overridden(removed, world.binding.name, until: until)),
            ("someone restored a sender, which may be removed", .overridden(removed, world.binding.name, until: nil)),
        ]
        return events.map { Fixture($0, .sender($1)) }
    }
}
