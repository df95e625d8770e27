import ArgumentParser
import Foundation
import Guard
import Ledger
import Model

/// Writes the ledger of a daemon that has run for days.
struct LedgerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger", abstract: "Write a ledger with days of samples up to now.")

    @Argument(help: "The file to write; it must not exist.")
    var path: String

    @Option(help: "Number of campaigns.")
    var campaigns: Int

    @Option(help: "Number of days.")
    var days = 1

    @Option(help: "Seconds between two samples of a campaign.")
    var interval = 60

    func run() async throws {
        let end = Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
        let start = end - .seconds(86400 * days)
        let ids = (0..<campaigns).map { CampaignID(unchecked: "camp_\($0)") }
        let clock = ContinuousClock()
        let workspace = WorkspaceName("bench")
        let ledger = try await LedgerLocation(path).open(LedgerScope(workspace), at: start).store
        var now = start
        let writing = try await clock.measure {
            while now < end {
                let sent = Int((now - start).seconds / 30)
                let records = ids.map { id in
                    LedgerEntry(
                        workspace,
                        .sample(
                            id,
                            CampaignStats(totalEnrolled: 100_000, sent: sent, delivered: sent, bounced: 0, replied: 0),
                            at: now))
                }
                try await ledger.append(LedgerBatch(records, at: now))
                now = now + .seconds(interval)
            }
        }
        let size = try await ledger.maintain(at: start).bytes
        await ledger.close()
        print("\(size) bytes, written in \(writing)")
    }
}
