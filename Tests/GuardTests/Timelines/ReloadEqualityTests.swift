import Model
import Policy
import Reporting
import TestSupport
import Testing

@testable import Guard

/// A reload leaves the guard in the state in which a restart with the same policy would.
@Suite struct ReloadEqualityTests {
    @Test(arguments: stride(from: 1, to: 60, by: 10).map { UInt64($0)..<UInt64($0 + 10) })
    func aReloadEqualsARestart(_ seeds: Range<UInt64>) throws {
        for seed in seeds {
            var run = try ReloadedRun(seed: seed)
            for _ in 0..<6 {
                for _ in 0..<Int.random(in: 0...8, using: &run.generator) { try run.step() }
                let policy = run.randomPolicy()
                var (reloaded, restarted) = (run.observed, run.observed)
                let lost = run.pending.count
                try reloaded.reload(policy)
                try restarted.restart(policy)
                try reloaded.settle(losing: lost)
                try restarted.settle(losing: 0)
                let differences = zip(reloaded.summary, restarted.summary).filter { $0 != $1 }
                let texts = differences.map { "reloaded:  \($0)\nrestarted: \($1)" }
                #expect(texts == [], "seed \(seed)\n\(policy.text)")
                guard differences.isEmpty else { break }
                if run.chance(0.3) { try run.restart(policy) } else { try run.reload(policy) }
            }
        }
    }
}

/// A guard on a simple platform, fed random events.
struct ReloadedRun {
    /// A policy of the first campaigns, and some launches and rules.
    struct PolicyChoice {
        var campaigns: Int
        var launches: [String]
        var rules: [String]
        var mode: String

        var text: String {
            "mode: \(mode)\nstart_limit: {share: 100%, per: 10m}\n"
                + (launches.isEmpty ? "" : "launches:\n" + launches.joined())
                + (rules.isEmpty ? "" : "rules:\n" + rules.joined())
        }
    }

    /// A campaign of the platform.
    private struct Campaign {
        var enrolled: Int
        var sent = 0
        var bounced = 0
        var status: CampaignStatus
        var pausedAt: Instant?
        var startedAt: Instant?
    }

    private static let rules = [
        "  - {name: bounces, when: bounceRate > 5% and resolved >= 50, then: pause, resume: {after: 30m}}\n",
        "  - {name: many, when: bounced >= 60, then: pause}\n",
        "  - {name: fits, on: launch, when: totalEnrolled > pool.available, then: hold}\n",
        "  - {name: large, on: launch, when: totalEnrolled > 550, then: hold}\n",
        "  - {name: slow, when: 'increase(sent, 1h) < 5', then: alert}\n",
        "  - {name: turned, when: bounceRate > 5%, confidence: 90%, within: 100, then: pause, resume: {after: 50m}}\n",
        "  - {name: all, on: group, by: pool, when: bounceRate > 6% and resolved >= 60, then: alert}\n",
    ]

    var generator: SeededGenerator
    private var bench: GuardBench
    private var choice: PolicyChoice
    private var platform: [Int: Campaign] = [:]
    /// Requests without a response, and whether they took effect.
    private(set) var pending: [(intent: Intent, answer: ActionAnswer?)] = []
    private var sent: [String] = []

    init(seed: UInt64) throws {
        generator = SeededGenerator(seed: seed)
        choice = PolicyChoice(campaigns: 3, launches: [], rules: Self.rules, mode: "enforce")
        bench = try GuardBench(choice.text, campaigns: 3)
        for number in 1...3 {
            let isDraft = chance(0.6)
            platform[number] = Campaign(
                enrolled: 300 + 200 * number, sent: isDraft ? 0 : 40, status: isDraft ? .draft : .running)
        }
        choice = randomPolicy()
        try reload(choice)
    }

    mutating func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &generator) < share }

    mutating func randomPolicy() -> PolicyChoice {
        let campaigns = chance(0.6) ? 3 : Int.random(in: 1...3, using: &generator)
        var launches: [String] = []
        for number in 1...campaigns where chance(0.7) {
            launches.append("  - {campaign: camp_\(number), priority: \(chance(0.3) ? 1 : 0)}\n")
        }
        let rules = Self.rules.filter { _ in chance(0.85) }
        return PolicyChoice(
            campaigns: campaigns, launches: launches, rules: rules, mode: chance(0.9) ? "enforce" : "observe")
    }

    // MARK: Events

    mutating func step() throws {
        let number = Int.random(in: 1...3, using: &generator)
        switch Int.random(in: 0..<8, using: &generator) {
        case 0...2: try round(answering: chance(0.6))
        case 3: observe(number)
        case 4: bench.seePool(remaining: 1000)
        case 5: bench.wait(.seconds(Int.random(in: 1...900, using: &generator)))
        case 6: try order(number)
        default: answerOne()
        }
        collect()
    }

    private mutating func order(_ number: Int) throws {
        let acts: [Order.Act] = [.pause, .resume, .hold, .hold, .release]
        _ = try bench.order(acts[Int.random(in: acts.indices, using: &generator)], number, force: chance(0.2))
    }

    private mutating func answerOne() {
        guard !pending.isEmpty else { return }
        let (intent, answer) = pending.removeFirst()
        if let answer, chance(0.7) { return bench.answer(intent, .success(answer)) }
        let fault =
            answer == nil
            ? Fault(.throttled, "HTTP 429") : Fault(.unreachable, "no answer", mayHaveTakenEffect: true)
        bench.answer(intent, .failure(fault))
    }

    /// Some time passes, and everything is polled.
    private mutating func round(answering: Bool) throws {
        bench.wait(.seconds(60))
        collect()
        while answering, !pending.isEmpty {
            let (intent, answer) = pending.removeFirst()
            bench.answer(intent, answer.map { .success($0) } ?? .failure(Fault(.throttled, "HTTP 429")))
            collect()
        }
        for (number, campaign) in platform where campaign.status == .running {
            let count = min(4, campaign.enrolled - campaign.sent)
            platform[number]?.sent += count
            platform[number]?.bounced += number == 2 ? 0 : count / 3
        }
        bench.seePool(remaining: 1000)
        for number in 1...3 { observe(number) }
    }

    private mutating func observe(_ number: Int) {
        guard number <= choice.campaigns, let campaign = platform[number] else { return }
        bench.see(
            number,
            CampaignStats(
                totalEnrolled: campaign.enrolled, sent: campaign.sent, delivered: campaign.sent - campaign.bounced,
                bounced: campaign.bounced, replied: 0,
                queued: campaign.status == .draft ? 0 : campaign.enrolled - campaign.sent))
    }

    /// Sends what the guard decided; the platform executes it at once, or not at all.
    private mutating func collect() {
        for intent in bench.sent() {
            if intent.action != .pause, !bench.warden.stillStands(intent, at: bench.now) {
                bench.answer(intent, .failure(Fault(.unreachable, "not sent", mayHaveTakenEffect: false)))
                continue
            }
            sent.append("\(intent.campaign) \(intent.action)")
            pending.append((intent, apply(intent)))
        }
    }

    private mutating func apply(_ intent: Intent) -> ActionAnswer? {
        guard let number = Int(intent.campaign.text.dropFirst(5)), var campaign = platform[number] else { return nil }
        switch intent.action {
        case .pause:
            if campaign.status == .running { (campaign.status, campaign.pausedAt) = (.paused, bench.now) }
        case .start, .resume:
            if campaign.status != .running { (campaign.status, campaign.startedAt) = (.running, bench.now) }
        }
        platform[number] = campaign
        return ActionAnswer(status: campaign.status, pausedAt: campaign.pausedAt, startedAt: campaign.startedAt)
    }

    // MARK: Reloads and restarts

    mutating func reload(_ newer: PolicyChoice) throws {
        choice = newer
        try bench.reload(newer.text, campaigns: newer.campaigns)
        collect()
    }

    /// The process is killed; its requests have reached the platform, and their responses are lost.
    mutating func restart(_ newer: PolicyChoice) throws {
        choice = newer
        pending = []
        try bench.restart(newer.text, campaigns: newer.campaigns, after: .zero)
        collect()
    }

    /// The run, noting what is sent from here.
    var observed: ReloadedRun {
        var run = self
        run.sent = []
        return run
    }

    /// The oldest responses are lost, as in a restart, and then all goes well until nothing changes.
    mutating func settle(losing count: Int) throws {
        for _ in 0..<count {
            let (intent, _) = pending.removeFirst()
            bench.answer(intent, .failure(Fault(.unreachable, "no answer", mayHaveTakenEffect: true)))
        }
        for _ in 0..<75 { try round(answering: true) }
    }

    /// What can be compared: the campaigns and the launches, without times.
    var summary: [String] {
        let campaigns = bench.warden.campaigns.indices.map { index in
            let campaign = bench.warden.campaigns[index]
            let own = sent.filter { $0.hasPrefix("\(campaign.entry.id) ") }
            let mutes = campaign.rules.mutes.keys.sorted()
            return "\(campaign.entry.id) \(describe(campaign.phase)) sent \(own) mutes \(mutes)"
        }
        let launches = bench.warden.launches.all.map { launch in
            "\(launch.entry.campaign) \(launch.phase) held by \(launch.heldBy?.by ?? "nobody")"
        }
        let groups = bench.warden.groupStandings(at: bench.now).filter { $0.rule.name == "all" }.map { group in
            "\(group.label.value) firing \(group.state.isFiring), \(group.evaluation.truth)"
        }
        return campaigns + launches + groups
    }

    private func describe(_ phase: CampaignPhase) -> String {
        switch phase {
        case .unknown, .running: "running"
        case .draft, .pausedByAnother: phase.state(isOnProbation: false).rawValue
        case .starting(let attempt): "starting, lost \(attempt.lost != nil)"
        case .pausing(let attempt): "pausing, \(attempt.intent.decision.cause)"
        case .paused(let pause):
            "paused, \(pause.decision.cause) \(pause.isOurs) \(pause.keptBy != nil) \(pause.resumeAt != nil)"
        case .resuming(let attempt): "resuming, ordered \(attempt.order != nil)"
        }
    }
}
