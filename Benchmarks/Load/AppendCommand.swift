import ArgumentParser
import Foundation
import Guard
import Histogram
import Ledger
import Model

/// Measures urgent batches, which a start waits for before it is sent.
struct AppendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "append", abstract: "Append urgent batches one after the other and show their durations.")

    @Argument(help: "The ledger to write; it must not exist.")
    var path: String

    @Option(help: "Number of batches.")
    var count = 1000

    func run() async throws {
        let start = Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
        let workspace = WorkspaceName("bench")
        let ledger = try await LedgerLocation(path).open(LedgerScope(workspace), at: start).store
        var durations = Histogram<UInt64>(numberOfSignificantValueDigits: .three)
        let clock = ContinuousClock()
        for number in 0..<count {
            let now = start + .milliseconds(number)
            let event = JournalEvent(.orderAccepted, "order \(number)", fields: [.campaign: "camp_\(number % 100)"])
            let batch = LedgerBatch([LedgerEntry(workspace, .event(event, at: now))], at: now)
            let taken = try await clock.measure { try await ledger.append(batch) }
            durations.record(UInt64(taken / .microseconds(1)))
        }
        await ledger.close()
        let figures = [50.0, 99, 100].map { "p\(Int($0)) \(durations.valueAtPercentile($0)) µs" }
        print("\(count) urgent batches: " + figures.joined(separator: ", "))
    }
}
