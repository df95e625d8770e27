import Foundation
import Guard
import Model
import Policy
import Simulator
import TestSupport
import Testing

/// Thousands of seeded simulated days, each checked against the invariants.
@Suite struct SimulatedDaysTests {
    /// 2,100 simulated days, or as many seeds as SENDWARDEN_SEEDS sets.
    static let daysPerSeed = 3
    static let seeds: [UInt64] = {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["SENDWARDEN_SEED"].flatMap({ UInt64($0) }) { return [seed] }
        let count = environment["SENDWARDEN_SEEDS"].flatMap { UInt64($0) } ?? 700
        return Array(1...count)
    }()
    static let batches: [ArraySlice<UInt64>] = stride(from: 0, to: seeds.count, by: 10).map {
        seeds[$0..<min($0 + 10, seeds.count)]
    }

    @Test(arguments: batches)
    func everyDaySatisfiesItsInvariants(_ seeds: ArraySlice<UInt64>) throws {
        for seed in seeds {
            let world = try RandomWorld(seed: seed, days: Self.daysPerSeed)
            // One in ten uses a real ledger file.
            let folder = try TemporaryFolder()
            let run = try world.run(store: seed % 10 == 0 ? .ledger(path: folder.path + "/ledger.sqlite") : .inMemory)
            for violation in Invariants(world: world, run: run).violations {
                Issue.record("\(violation); SENDWARDEN_SEED=\(seed) swift test --filter everyDaySatisfiesItsInvariants")
            }
        }
    }

    @Test(arguments: [3, 77, 402] as [UInt64])
    func aSeedIsReproducible(_ seed: UInt64) throws {
        func log() throws -> [String] {
            try RandomWorld(seed: seed, days: 2).run().log.compactMap { entry in
                switch entry {
                case .observed, .failed, .arrived, .muted: nil
                case .sent(let at, let intent, _): "\(at) \(intent.action) \(intent.campaign)"
                case .reported(let at, let event): "\(at) \(event.kind) \(event.message)"
                case .crashed(let at): "\(at) crashed"
                case .reloaded(let at, let without): "\(at) reloaded without \(without.sorted())"
                }
            }
        }
        let first = try log()
        #expect(!first.isEmpty)
        #expect(try first == log())
    }

    /// The invariants are meaningful only if the worlds produce every event.
    @Test func theSeedsReachEveryEvent() throws {
        let expected: [EventKind] = [
            .rulePending, .ruleFiring, .ruleCleared, .campaignPaused, .campaignPauseFailed, .campaignAlreadyPaused,
            .campaignOverride, .launchQueued, .launchHeld, .launchReleased, .launchCannotFit, .launchUnapproved,
            .launchAlreadyStarted, .launchFailed, .campaignResumed, .campaignResumeFailed, .campaignRelapsed,
            .campaignProbationPassed, .beltTripped, .poolExhausted, .poolRenewed, .apiUnreachable, .apiUnauthorized,
            .apiThrottled, .apiUnexpected, .apiRecovered, .statsReset, .campaignPauseIneffective,
            .campaignPauseAbandoned, .campaignDegraded, .campaignSteady, .launchSkipped, .ruleNoData,
            .ruleDataRestored, .mutePlanned, .muteBegun, .muteEnded, .muteCancelled,
        ]
        var kinds: [EventKind: Int] = [:]
        var rare: [String] { expected.filter { kinds[$0, default: 0] < 5 }.map(\.rawValue) }
        // The rarest event needs some hundred worlds.
        for seed in (1...400) as ClosedRange<UInt64> {
            for entry in try RandomWorld(seed: seed, days: Self.daysPerSeed).run().log {
                if case .reported(_, let event) = entry { kinds[event.kind, default: 0] += 1 }
            }
            if rare.isEmpty { break }
        }
        #expect(rare == [])
    }
}
