import Foundation
import Guard
import Ledger
import Model
import Policy
import TestSupport
import Testing

@Suite struct UrgentCost {
    @Test func measure() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/ledger.sqlite"
        let ledger = try Ledger.open(path, workspace: "acme", recovers: false, at: LedgerTests.start).ledger
        let records = try LedgerTests().records()
        var times: [Duration] = []
        for _ in 0..<1000 {
            let clock = ContinuousClock()
            times.append(try clock.measure { try ledger.write(records, at: LedgerTests.start) })
        }
        times.sort()
        print("URGENT p50 \(times[500]) p99 \(times[990]) max \(times[999])")
    }
}
