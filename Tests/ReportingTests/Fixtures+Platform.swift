@testable import Guard
import Model
import Policy

extension Fixture {
    static func api(_ world: FixtureWorld) -> [Fixture] {
        let noon = FixtureWorld.noon
        let stats = Target.stats(world.sales.entry.id)
        func failure(
            _ kind: APIFailure.Kind, _ fault: Fault, failing: Int = 1, lasting: Duration? = nil,
            isFlapping: Bool = false
        ) -> APIEvent {
            .failing(
                APIFailure(
                    kind: kind, fault: fault, target: stats, failing: failing, since: noon, lasting: lasting,
                    isFlapping: isFlapping))
        }
        let timeout = Fault(.unreachable, "request timed out")
        let limited = Fault(.throttled, "HTTP 429", retryAfter: .milliseconds(29_500))
        var heldBack = Fault(.throttled, "the platform's Retry-After is in effect", retryAfter: .seconds(20))
        heldBack.isHeldBack = true
        let unusable = Fault(.unexpected, "field \"sent\" is not a count")
        let events: [(String, APIEvent)] = [
            ("the API rejects the key", failure(.unauthorized, Fault(.unauthorized, "HTTP 401"))),
            ("the API does not answer", failure(.unreachable, timeout)),
            (
                "the API still does not answer",
                failure(.unreachable, timeout, failing: 3, lasting: .seconds(300))
            ),
            (
                "the API does not answer now and then",
                failure(.unreachable, timeout, failing: 2, lasting: .seconds(900), isFlapping: true)
            ),
            ("the API limits requests", failure(.throttled, limited)),
            ("requests wait", failure(.throttled, heldBack, failing: 4)),
            ("the API's answers are unusable", failure(.unexpected, unusable)),
            (
                "the API is healthy again",
                .recovered(.unreachable, since: noon, lasting: .seconds(330), isFlapping: false)
            ),
            (
                "the API accepts the key again",
                .recovered(.unauthorized, since: noon, lasting: .seconds(7200), isFlapping: false)
            ),
            (
                "the API limits requests no longer",
                .recovered(.throttled, since: noon, lasting: .seconds(900), isFlapping: true)
            ),
            (
                "the API's answers are usable again",
                .recovered(.unexpected, since: noon, lasting: .seconds(60), isFlapping: false)
            ),
        ]
        let other = world.label(isOnly: false)
        return events.map { Fixture($0, .api(world.label(isOnly: true), $1)) } + [
            Fixture("one of several APIs does not answer", .api(other, failure(.unreachable, timeout))),
            Fixture(
                "one of several APIs is healthy again",
                .api(other, .recovered(.unreachable, since: noon, lasting: .seconds(330), isFlapping: false))),
        ]
    }

    static func limits(_ world: FixtureWorld) -> [Fixture] {
        [
            Fixture("the start limit is reached", .startLimitReached(starts: 4, per: .seconds(3600), campaigns: 40)),
            Fixture(
                "the circuit breaker warns", .circuitBreakerTripped(breaching: 7, running: 10, stopsPauses: false)),
            Fixture(
                "the circuit breaker stops pauses", .circuitBreakerTripped(breaching: 7, running: 10, stopsPauses: true)
            ),
            Fixture("the ledger fails", .ledger(.failed(reason: "disk full", since: nil))),
            Fixture("the ledger still fails", .ledger(.failed(reason: "disk full", since: FixtureWorld.noon))),
            Fixture("the ledger is back", .ledger(.recovered(after: .seconds(330)))),
        ]
    }

    static func watchList(_ world: FixtureWorld) -> [Fixture] {
        let many = (1...7).map { CampaignID(unchecked: "camp_\($0)") }
        let watch = Watch(
            CampaignID(unchecked: "camp_9"), workspace: WorkspaceName("north"), by: "anna (uid 1000, pid 4711)")
        return [
            Fixture("campaigns are added", .watchList(WatchListChange(added: many, removed: [], count: 40))),
            Fixture(
                "a campaign is removed",
                .watchList(WatchListChange(added: [], removed: [world.sales.entry], count: 1))),
            Fixture(
                "campaigns are replaced",
                .watchList(WatchListChange(added: [many[1]], removed: [world.sales.entry], count: 2))),
            Fixture(
                "a watch is refused", .watchRefused(watch, .unknownWorkspace(WorkspaceName("north"), known: []))),
        ]
    }

    // MARK: Orders

    static func acceptances(_ world: FixtureWorld) throws -> [Fixture] {
        let warning = try warning(world)
        let until = FixtureWorld.noon + .milliseconds(86_400_500)
        let wait = LaunchWait.notBefore(FixtureWorld.noon)
        var watched = world.sales.entry
        (watched.labels, watched.origin) = (["team": "sales"], .order(by: "anna (uid 1000, pid 4711)"))
        let acceptances: [(String, Order, OrderAcceptance)] = [
            ("pausing", world.order(.pause), .pausing),
            ("pausing a draft", world.order(.pause), .pausingDraft),
            (
                "pausing a draft and its launch", world.order(.pause),
                .holdingLaunch(.pausingDraft, isInPolicy: true)
            ),
            (
                "pausing a draft without a launch", world.order(.pause),
                .holdingLaunch(.pausingDraft, isInPolicy: false)
            ),
            ("it stays paused", world.order(.pause), .staysPaused(isStillSending: false)),
            ("it stays paused, but is still sending", world.order(.pause), .staysPaused(isStillSending: true)),
            ("pausing after an answer", world.order(.pause), .pausingOnceAnswered),
            ("pausing after its resume", world.order(.pause), .pausingOnceResumeAnswered),
            ("its resume is cancelled", world.order(.pause), .resumeCancelled),
            ("resuming", world.order(.resume, isForced: true), .resuming(warnings: [], quiet: nil)),
            (
                "resuming in quiet hours", world.order(.resume),
                .resuming(warnings: [], quiet: QuietSpell(until: FixtureWorld.noon + .seconds(3600)))
            ),
            ("resuming with a warning", world.order(.resume), .resuming(warnings: [warning], quiet: nil)),
            ("holding", world.order(.hold), .launchHeld),
            ("starting by force", world.order(.release, isForced: true), .startingByForce(quiet: nil)),
            (
                "starting by force in quiet hours", world.order(.release, isForced: true),
                .startingByForce(quiet: QuietSpell(until: FixtureWorld.noon + .seconds(3600)))
            ),
            ("releasing", world.order(.release), .holdLifted(waitsFor: nil)),
            ("releasing without a launch", world.order(.release), .holdLiftedWithoutLaunch),
            ("releasing what still waits", world.order(.release), .holdLifted(waitsFor: wait)),
            ("muting a rule", world.order(.mute, rule: "bounce-rate"), .muted(rules: ["bounce-rate"], until: until)),
            ("muting rules", world.order(.mute), .muted(rules: ["bounce-rate", "bounces-in-polls"], until: until)),
            ("unmuting", world.order(.mute, rule: "bounce-rate"), .unmuted(rules: ["bounce-rate"], windows: [])),
            ("watching", world.order(.watch), .watching(watched, isNew: true)),
            ("watching with other labels", world.order(.watch), .watching(watched, isNew: false)),
            ("watching what the policy lists", world.order(.watch), .watchedByPolicy(world.sales.entry)),
            ("unwatching", world.order(.unwatch), .unwatched(isPaused: false, stillListed: nil)),
            ("unwatching a paused campaign", world.order(.unwatch), .unwatched(isPaused: true, stillListed: nil)),
            (
                "unwatching what the policy lists", world.order(.unwatch),
                .unwatched(isPaused: false, stillListed: world.sales.entry)
            ),
        ]
        return acceptances.map {
            Fixture("an order is accepted: \($0)", .order($1, entry: world.sales.entry, .accepted($2)))
        }
    }

    static func refusals(_ world: FixtureWorld) throws -> [Fixture] {
        let rule = try world.rule("fits-pool")
        let breached = ResumeObstacle.breached(
            rule: "text-rule", conditionText: "campaign.label(\"a\") == \"b\"", finding: nil)
        let wait = LaunchWait.held([.rule(rule.name)], world.breach(rule).decisive)
        let (north, south) = (WorkspaceName("north"), WorkspaceName("south"))
        let (pool, other) = (PoolID(unchecked: "pool_a"), PoolID(unchecked: "pool_b"))
        var ofFile = world.sales.entry
        ofFile.origin = .file("/etc/sendwarden/campaigns.txt")
        let refusals: [(String, Order, OrderRefusal)] = [
            ("in observe mode", world.order(.pause), .observeMode),
            ("the ledger fails", world.order(.resume), .ledgerFailing),
            ("a draft is not resumed", world.order(.resume), .neverRan),
            ("its pause is under way", world.order(.resume), .pauseUnderWay),
            ("its start is under way", world.order(.resume), .startUnderWay),
            ("its resume is under way", world.order(.resume), .resumeUnderWay),
            ("it is not paused", world.order(.resume), .notPaused),
            ("a rule is breached", world.order(.resume), .obstacles([breached])),
            ("there is no launch", world.order(.hold), .noLaunch),
            ("its start was sent", world.order(.hold), .startAlreadySent),
            ("it was released", world.order(.hold), .alreadyReleased),
            ("its launch is over", world.order(.hold), .launchOver),
            ("its start may have taken effect", world.order(.hold), .startMayHaveTakenEffect),
            ("there is nothing to release", world.order(.release), .nothingToRelease),
            ("its launch is being evaluated", world.order(.release), .launchBeingEvaluated),
            ("no person holds it", world.order(.release), .notHeldByPerson(waitsFor: wait)),
            ("it is about to start", world.order(.release), .notHeldByPerson(waitsFor: nil)),
            (
                "there is no such rule", world.order(.mute, rule: "bounce"),
                .noSuchRule("bounce", nearest: "bounce-rate")
            ),
            ("no rule pauses it", world.order(.mute), .noPausingRule),
            ("the policy lists it", world.order(.unwatch), .listedInPolicy(world.sales.entry)),
            ("a file lists it", world.order(.unwatch), .listedInPolicy(ofFile)),
            ("its workspace is unknown", world.order(.watch), .cannotWatch(.unknownWorkspace(north, known: [south]))),
            ("no workspace is known", world.order(.watch), .cannotWatch(.unknownWorkspace(north, known: []))),
            ("its workspace is not clear", world.order(.watch), .cannotWatch(.severalWorkspaces([north, south]))),
            ("no workspace sends campaigns", world.order(.watch), .cannotWatch(.severalWorkspaces([]))),
            ("its pool is not clear", world.order(.watch), .cannotWatch(.severalPools([pool, other]))),
            ("its pool is not reported", world.order(.watch), .cannotWatch(.unreportedPool(pool))),
            ("too many are watched", world.order(.watch), .cannotWatch(.tooManyCampaigns(20_000))),
        ]
        return refusals.map {
            Fixture("an order is refused: \($0)", .order($1, entry: world.sales.entry, .refused($2)))
        } + [
            Fixture(
                "an order is refused: there is no such campaign",
                .order(world.order(.pause, "camp_11"), entry: nil, .refused(.unknownCampaign(nearest: "camp_1"))))
        ]
    }
}
