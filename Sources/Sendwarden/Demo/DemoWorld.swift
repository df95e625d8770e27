import Model
import Policy
import Simulator

/// The demo's world and policy, in the formats that users write.
enum DemoWorld {
    /// The simulated length of the demo, which includes the reset of the pool's window at midnight.
    static let length: Duration = .seconds(8 * 3600)
    /// Without a guard, both launches start at this time.
    static let plannedStart: Duration = .seconds(3600)

    static let world = """
        start: 2026-12-01T20:00:00Z
        shapes: {pools: concepts}
        pools:
          - {id: pool_main, name: Main pool, capacity: 2000, used: 1100, active: 6, warming: 1, paused: 1}
        campaigns:
          - {id: camp_healthy, name: Renewals, pool: pool_main, status: running, leads: 900, rate: 60, bounce_rate: 1%}
          - {id: camp_badlist, name: Old trade-show list, pool: pool_main, status: running, leads: 700, rate: 120, bounce_rate: 12%}
          - {id: camp_december, name: December news, pool: pool_main, leads: 1000, rate: 300, bounce_rate: 1%}
          - {id: camp_everyone, name: Everyone we ever met, pool: pool_main, leads: 5000, rate: 600, bounce_rate: 6%}
        """

    static func policy(url: String) -> String {
        """
        version: 1
        mode: enforce
        workspace: {name: demo, provider: leadterra, url: "\(url)", credential: demo.key}
        poll: {stats: 1m, pools: 1m, budget: 600/min}
        campaigns:
          - {id: camp_healthy, name: Renewals, pool: pool_main}
          - {id: camp_badlist, name: Old trade-show list, pool: pool_main}
          - {id: camp_december, name: December news, pool: pool_main}
          - {id: camp_everyone, name: Everyone we ever met, pool: pool_main}
        launches:
          - {campaign: camp_december, not_before: 2026-12-01T21:00:00Z}
          - {campaign: camp_everyone, not_before: 2026-12-01T21:00:00Z}
        rules:
          - name: bounce-rate
            when: bounceRate(4h) > 5% and increase(resolved, 4h) >= 50
            for: 2m
            then: pause
            severity: critical
          - name: launch-fits-pool
            on: launch
            when: totalEnrolled > pool.available
            then: hold
        """
    }

    static func description() throws(WorldFileError) -> WorldDescription {
        try WorldFile.parse(world, name: "the demo's world")
    }

    /// The same world without a guard, where both launches start as planned.
    static func unguarded(seed: UInt64) throws(WorldFileError) -> World {
        var description = try description()
        description.acts = description.campaigns.filter { $0.status == .draft }.map {
            WorldDescription.Act(at: plannedStart, .start($0.id))
        }
        let start = description.start ?? Instant(milliseconds: 0)
        var world = World(description, seed: seed, at: start)
        world.advance(to: start + length)
        return world
    }
}
