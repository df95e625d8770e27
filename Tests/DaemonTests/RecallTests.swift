import Ledger
import Model
import Reporting
import TestSupport
import Testing

/// The daemon reads older samples from the ledger when a reload adds a window.
@Suite struct RecallTests {
    @Test(.timeLimit(.minutes(1))) func aReloadThatAddsAWindowReadsTheLedger() async throws {
        // It has sent everything, and its bounces are counted, long before the reload.
        let world = """
            start: 2026-12-01T20:00:00Z
            pools: [{id: pool_a, capacity: 3000}]
            campaigns: [{id: done, pool: pool_a, status: running, leads: 300, rate: 1200, bounce_rate: 30%}]
            """
        let policy = """
            campaigns: [{id: done, pool: pool_a}]
            rules:
              - {name: bounces, when: bounceRate > 90%, then: pause}
            """
        let ledger = try await InMemoryLedger.open(
            InMemoryStorage(), LedgerScope(WorkspaceName("bench")), at: Instant(milliseconds: 0)
        ).store
        try await DaemonBench.run(world: world, policy: policy, ledger: ledger) { bench in
            try await bench.pass(.seconds(7200))
            try await bench.reload(policy + "\n  - {name: many, when: 'increase(bounced, 6h) >= 10', then: alert}")
            try await bench.wait(upTo: .seconds(1200)) { bench.count(.ruleFiring) == 1 }
        }
    }
}
