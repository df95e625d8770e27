import Model
import Policy
import Simulator
import TestSupport

/// A world and a policy from a seed: good and bad lists, launches that fit or do not, and people who act.
struct RandomWorld {
    let seed: UInt64
    let description: WorldDescription
    let policy: CheckedPolicy
    /// The same policy with another rule and a longer `for`; simulated people switch between the two.
    let variant: CheckedPolicy
    /// The same policy without its launches, and without each of its campaigns.
    let parts: [CheckedPolicy]
    let weather: SimulatedRun.Weather
    let length: Duration

    static let start = Instant(milliseconds: 1_796_000_000_000)
    /// The rule's parameters, for checks that do not read the policy.
    let limit: Double
    let resolvedMin: Int
    let rules: RandomRules

    init(seed: UInt64, days: Int) throws {
        self.seed = seed
        var generator = SeededGenerator(seed: seed)
        func pick<Element>(_ choices: [Element]) -> Element {
            choices[Int.random(in: 0..<choices.count, using: &generator)]
        }
        func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &generator) < share }
        length = .seconds(86400 * days)
        limit = pick([0.03, 0.05, 0.08])
        resolvedMin = pick([30, 50, 100])
        let mode = chance(0.15) ? "observe" : "enforce"
        var world = WorldDescription()
        world.start = Self.start + .seconds(Int.random(in: 0..<86400, using: &generator))
        var pool = WorldDescription.Pool(
            id: PoolID(unchecked: "pool_a"), name: "A", capacity: pick([300, 1000, 3000]))
        pool.window = chance(0.5) ? .midnight : .rolling
        pool.used = Int.random(in: 0...pool.capacity, using: &generator)
        world.pools = [pool]
        var campaigns = ""
        var (launches, otherLaunches) = ("", "")
        var rules = RandomRules(seed: seed)
        var windows = LaunchWindows(seed: seed, began: world.start ?? Self.start, length: length)
        for number in 1...Int.random(in: 2...4, using: &generator) {
            let id = CampaignID(unchecked: "camp_\(number)")
            var campaign = WorldDescription.Campaign(id: id, name: "Campaign \(number)", pool: pool.id)
            campaign.leads = pick([0, 80, 300, 900, 2500])
            campaign.rate = pick([10, 60, 300])
            campaign.bounceRate = pick([0, 0.01, 0.01, 0.04, 0.15, 0.3])
            if chance(0.3) { campaign.turnsBad = (Int.random(in: 0...200, using: &generator), 0.25) }
            campaign.status = pick([.draft, .draft, .running, .running, .paused])
            if campaign.status != .draft {
                campaign.sent = campaign.leads / pick([2, 4, 10])
                campaign.bounced = campaign.sent / pick([5, 8, 20, 1000])
            }
            world.campaigns.append(campaign)
            campaigns += "  - {id: \(id), pool: pool_a\(rules.labels())}\n"
            if chance(campaign.status == .draft ? 0.8 : 0.1) {
                let priority = Int.random(in: 0...2, using: &generator)
                let launch = windows.launch(of: id, priority: priority)
                launches += launch.own
                otherLaunches += launch.other
            }
            let deeds: [WorldDescription.Act.Action] = [
                .start(id), .pause(id), .start(id), .enroll(id, leads: 40), .reset(id),
            ]
            for _ in 0..<Int.random(in: 0...2, using: &generator) {
                world.acts.append(.init(at: length * Double.random(in: 0..<1, using: &generator), pick(deeds)))
            }
        }
        description = world
        var weather = SimulatedRun.Weather(
            faults: pick([0, 0.05, 0.3]), gaps: pick([0, 0.1]),
            latencyMax: pick([.seconds(1), .seconds(5), .seconds(20)]), crashes: pick([0, 0, 0.003, 0.03]),
            lags: pick([0, 0, 0.1]), changes: pick([0, 0.002]), orders: pick([0, 0, 0.002, 0.02]),
            sparse: pick([0, 0, 0.8]), zeros: pick([0, 0, 0.02]), ineffective: pick([0, 0, 0, 0.5, 1]),
            retryAfter: pick([.seconds(60), .seconds(60), .seconds(3600)]), readers: pick([0, 0, 0.01]),
            skew: pick([.zero, .zero, .seconds(-3), .seconds(3)]), stuck: pick([0, 0, 0.004]))
        if seed % 5 == 0 { weather.drops = 0.004 }
        weather.slowWrites = windows.slowWrites()
        let probation = "probation: {sends: 40, when: bounceRate > 2% and resolved >= 15}"
        let resume = pick([
            "", "\n    resume: {after: 1h}", "\n    resume: {after: 2h, \(probation)}",
            "\n    resume: {after: 30m, \(probation), at_most: 2 per 2d}",
        ])
        let text = """
            version: 1
            workspace: {name: simulated, provider: leadterra, credential: key}
            mode: \(mode)
            poll: {stats: \(pick(["2m", "5m", "10m", "{min: 2m, max: 10m}"])), pools: \(pick(["5m", "{min: 2m, max: 5m}"])), budget: 10000/min}
            stale_after: 40m
            on_override: \(pick(["respect", "pause_again"]))
            on_unapproved: \(pick(["alert", "pause"]))
            \(rules.quietText)campaigns:
            \(campaigns)\(Self.section(launches))rules:
              - name: bounces
                when: bounceRate > \(limit) and resolved >= \(resolvedMin)
                for: \(pick(["0s", "10m", "2 of 3"]))
                then: pause\(resume)
              - {name: fits, on: launch, when: totalEnrolled > pool.available, then: hold}\(rules.text())
            """
        self.rules = rules
        policy = try Self.load(text)
        var parts = [text.replacing(launches.isEmpty ? "launches:" : "launches:\n" + launches, with: "")]
        for campaign in world.campaigns {
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            let others = lines.filter { !$0.contains(" \(campaign.id),") && !$0.contains(" \(campaign.id)}") }
            // A list that would be empty is left out.
            parts.append(
                others.joined(separator: "\n").replacing("launches:\nrules:", with: "rules:"))
        }
        self.parts = try parts.map(Self.load)
        variant = try Self.load(
            text.replacing(Self.section(launches), with: Self.section(otherLaunches))
                .replacing("stale_after: 40m", with: "stale_after: 50m")
                + "\n  - {name: many-replies, when: replyRate > 50%, then: alert}")
        // Last, so that the other choices of a seed stay as they are.
        weather.omissions = pick([0, 0, 0.02])
        weather.returns = pick([0, 0, 0.01])
        if weather.skew == .zero {
            weather.skew = pick([.zero, .zero, .seconds(45), .seconds(300)])
            weather.drift = pick([0, 0, 0.0003])
        }
        self.weather = weather
    }

    private static func section(_ launches: String) -> String { launches.isEmpty ? "" : "launches:\n" + launches }

    private static func load(_ text: String) throws -> CheckedPolicy {
        let outcome = PolicyLoader.load(SourceFile(name: "policy.yaml", text: text))
        guard let policy = outcome.policy else { throw Refused(text: outcome.diagnostics.map(\.message).description) }
        return policy
    }

    struct Refused: Error {
        var text: String
    }

    func run(store: SimulatedRun.Store = .inMemory) throws -> SimulatedRun {
        let world = World(description, seed: seed, at: Self.start, step: .seconds(20))
        var run = try SimulatedRun(
            policies: [policy, variant], parts: parts, world: world, weather: weather, seed: seed, rules: rules,
            store: store)
        try run.run(until: world.now + length)
        try run.calm(for: .seconds(2 * 3600))
        return run
    }
}
