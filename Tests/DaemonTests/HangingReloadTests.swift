import Daemon
import Guard
import Model
import Reporting
import TestSupport
import Testing

/// A disk that hangs while the policy is read delays no order.
@Suite struct HangingReloadTests {
    @Test(.timeLimit(.minutes(1))) func anOrderPassesAReloadThatHangs() async throws {
        let world = """
            start: 2026-12-01T20:00:00Z
            pools: [{id: pool_a, capacity: 3000}]
            campaigns: [{id: good, pool: pool_a, status: running, leads: 2000, rate: 60}]
            """
        let policy = """
            campaigns: [{id: good, pool: pool_a}]
            rules: [{name: bounces, when: bounceRate > 50%, then: pause}]
            """
        let (begun, begin) = AsyncStream.makeStream(of: Never.self)
        let (opened, open) = AsyncStream.makeStream(of: Never.self)
        try await DaemonBench.run(
            world: world, policy: policy,
            beforeReload: {
                begin.finish()
                for await _ in opened {}
            }
        ) { bench in
            async let reload = bench.control.reload(by: nil)
            for await _ in begun {}
            let reply = await bench.control.obey(Order(.pause, CampaignID(unchecked: "good"), by: "anna"))
            #expect(reply?.accepted == true)
            try await bench.wait(upTo: .seconds(3600)) { bench.status("good") == "paused" }
            #expect(bench.count(.policyLoaded) == 0)
            open.finish()
            #expect(await reload?.accepted == true)
        }
    }
}
