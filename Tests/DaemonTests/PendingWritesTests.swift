import Daemon
import Guard
import Ledger
import Model
import Testing

/// Pending writes as transcripts of inputs and actions.
@Suite struct PendingWritesTests {
    static let start = Instant(milliseconds: 1_796_000_000_000)
    static let here = WorkspaceName("here")

    private func event(_ message: String) -> LedgerEntry {
        LedgerEntry(Self.here, .event(JournalEvent(.daemonReady, message), at: Self.start))
    }

    private func urgent(_ message: String) -> LedgerEntry {
        LedgerEntry(Self.here, .event(JournalEvent(.orderAccepted, message), at: Self.start))
    }

    private func sample(_ sent: Int) -> LedgerEntry {
        LedgerEntry(
            Self.here, .sample(CampaignID(unchecked: "camp_1"), CampaignStats(sent: sent), at: Self.start))
    }

    private var state: LedgerEntry { LedgerEntry(Self.here, .workspace(WorkspaceMemory())) }

    /// Each action as text: the contents of a batch, what continues, what is refused.
    private func words(_ actions: [PendingWrites<String>.Action]) -> [String] {
        actions.map { action in
            switch action {
            case .write(let batch, let number):
                "write \(number): " + batch.entries.map { word($0.record) }.joined(separator: " ")
            case .proceed(let waiter): "proceed \(waiter)"
            case .refuse(let waiter): "refuse \(waiter)"
            case .report(let failure): "report \(failure ?? "recovered")"
            }
        }
    }

    private func word(_ record: LedgerRecord) -> String {
        switch record {
        case .event(let event, _): event.message
        case .sample(_, let stats, _): "s\(stats.sent ?? -1)"
        case .workspace: "state"
        case .campaign, .launch, .poolState, .pool, .decision, .intent, .senderChange, .outbox: "other"
        }
    }

    private func at(_ seconds: Double) -> Instant { Self.start + .milliseconds(Int64(seconds * 1000)) }

    @Test func aBatchContainsEarlierRecords() {
        var writes = PendingWrites<String>()
        #expect(words(writes.add([event("a")], at: at(0))) == ["write 1: a"])
        // While it is being written, later records wait and form one batch.
        #expect(words(writes.add([event("b")], at: at(0))).isEmpty)
        #expect(words(writes.add([urgent("C"), state], waiters: ["start"], at: at(0))).isEmpty)
        #expect(words(writes.add([event("d")], at: at(0))).isEmpty)
        #expect(words(writes.finished(1, failure: nil, at: at(1))) == ["write 2: b C state"])
        #expect(words(writes.finished(2, failure: nil, at: at(2))) == ["proceed start", "write 3: d"])
        #expect(words(writes.finished(3, failure: nil, at: at(3))).isEmpty)
    }

    @Test func severalStartsShareOneBatch() {
        var writes = PendingWrites<String>()
        _ = writes.add([event("a")], at: at(0))
        _ = writes.add([urgent("B")], waiters: ["one"], at: at(0))
        _ = writes.add([urgent("C")], waiters: ["two"], at: at(0))
        #expect(words(writes.finished(1, failure: nil, at: at(1))) == ["write 2: B C"])
        #expect(words(writes.finished(2, failure: nil, at: at(1))) == ["proceed one", "proceed two"])
    }

    @Test func requestsWithoutRecordsContinue() {
        var writes = PendingWrites<String>()
        #expect(words(writes.add([event("a")], waiters: ["reply"], at: at(0))) == ["proceed reply", "write 1: a"])
        // But not before earlier records are durable.
        _ = writes.add([urgent("B")], waiters: ["start"], at: at(0))
        #expect(words(writes.add([event("c")], waiters: ["late"], at: at(0))).isEmpty)
        #expect(words(writes.finished(1, failure: nil, at: at(0))) == ["write 2: B c"])
        #expect(words(writes.finished(2, failure: nil, at: at(0))) == ["proceed start", "proceed late"])
    }

    @Test func samplesWaitForEachOther() {
        var writes = PendingWrites<String>()
        #expect(words(writes.add([sample(1)], at: at(0))).isEmpty)
        #expect(writes.deadline == at(1))
        #expect(words(writes.add([sample(2), event("a")], at: at(0.5))) == ["write 1: a"])
        // An urgent batch does not include them.
        _ = writes.add([urgent("B")], at: at(1.5))
        #expect(words(writes.finished(1, failure: nil, at: at(1.5))) == ["write 2: B"])
        #expect(words(writes.finished(2, failure: nil, at: at(1.6))) == ["write 3: s1 s2"])
    }

    @Test func aFailureIsReportedAndHistoryIsRetried() {
        var writes = PendingWrites<String>()
        _ = writes.add([urgent("A"), state], waiters: ["start"], at: at(0))
        #expect(words(writes.finished(1, failure: "full", at: at(1))) == ["report full", "refuse start"])
        #expect(writes.isFailing)
        // Records about the failure wait for new ones; otherwise retries would never end.
        #expect(words(writes.add([event("failed"), state], isRetry: false, at: at(1))).isEmpty)
        #expect(words(writes.wake(at: at(2))).isEmpty)
        // The guard recreates lost state; history is retained here.
        #expect(words(writes.add([event("b")], at: at(3))) == ["write 2: A failed state b"])
        #expect(words(writes.finished(2, failure: "full", at: at(3))) == ["report full"])
        #expect(words(writes.add([event("c")], at: at(4))) == ["write 3: A failed b c"])
        #expect(words(writes.finished(3, failure: nil, at: at(4))) == ["report recovered"])
        #expect(!writes.isFailing)
    }

    /// A deadline in the past that no write follows would make the loop spin.
    @Test func whatWaitsIsTriedAgainAfterAWhile() {
        var writes = PendingWrites<String>()
        _ = writes.add([event("a")], at: at(0))
        _ = writes.finished(1, failure: "full", at: at(0))
        _ = writes.add([sample(1)], at: at(2))
        #expect(writes.deadline == at(10))
        #expect(words(writes.wake(at: at(9.9))).isEmpty)
        _ = writes.add([sample(2)], at: at(9.9))
        #expect(words(writes.wake(at: at(10))) == ["write 2: a s1 s2"])
        #expect(writes.deadline == nil)
        _ = writes.finished(2, failure: "full", at: at(11))
        #expect(writes.deadline == at(21))
        #expect(words(writes.wake(at: at(21))) == ["write 3: a"])
        #expect(words(writes.finished(3, failure: nil, at: at(22))) == ["report recovered"])
        #expect(writes.deadline == nil)
    }

    @Test func aFailureWithNothingToStoreHasNoDeadline() {
        var writes = PendingWrites<String>()
        #expect(words(writes.failed("gone", at: at(0))) == ["report gone"])
        #expect(writes.deadline == nil)
        _ = writes.add([sample(1)], at: at(1))
        #expect(writes.deadline == at(10))
    }

    @Test func whileItFailsNothingWaits() {
        var writes = PendingWrites<String>()
        _ = writes.add([event("a")], at: at(0))
        _ = writes.finished(1, failure: "full", at: at(0))
        #expect(words(writes.add([], waiters: ["reply"], at: at(1))) == ["refuse reply"])
        // A request with its own record is tried, which can end the failure.
        #expect(words(writes.add([urgent("B")], waiters: ["start"], at: at(2))) == ["write 2: a B"])
        #expect(words(writes.finished(2, failure: nil, at: at(2))) == ["report recovered", "proceed start"])
    }

    @Test func anUnresponsiveStoreCountsAsFailing() {
        var writes = PendingWrites<String>()
        _ = writes.add([urgent("A")], waiters: ["start"], at: at(0))
        _ = writes.add([urgent("B")], waiters: ["second"], at: at(1))
        #expect(
            words(writes.stalled(1, for: .seconds(10))) == [
                "report no response for 10s", "refuse start", "refuse second",
            ])
        #expect(words(writes.stalled(1, for: .seconds(10))).isEmpty)
        #expect(writes.deadline == nil)
        #expect(words(writes.add([urgent("C")], waiters: ["third"], at: at(11))) == ["refuse third"])
        // It recovers: the batch in flight is stored, and the rest follows in order.
        #expect(words(writes.finished(1, failure: nil, at: at(60))) == ["report recovered", "write 2: B C"])
    }

    @Test func aStallThatEndsInFailureLosesNoHistory() {
        var writes = PendingWrites<String>()
        _ = writes.add([urgent("A")], waiters: ["start"], at: at(0))
        _ = writes.stalled(1, for: .seconds(10))
        _ = writes.add([urgent("B")], at: at(11))
        #expect(words(writes.finished(1, failure: "broken", at: at(60))) == ["report broken", "write 2: A B"])
    }

    @Test func itsMemoryIsBounded() {
        var writes = PendingWrites<String>()
        _ = writes.add([event("a")], at: at(0))
        var reports = 0
        for round in 0..<30 {
            let entries = (0..<1000).map { event("\(round) \($0)") } + [state]
            reports += words(writes.add(entries, at: at(1))).count { $0.hasPrefix("report") }
        }
        #expect(reports > 0)
        let rest = writes.drain(at: at(2))?.entries.count ?? 0
        #expect(rest <= 20_000)
        #expect(writes.drain(at: at(2)) == nil)
    }

    @Test func shutdownWritesEverythingPending() {
        var writes = PendingWrites<String>()
        _ = writes.add([event("a")], at: at(0))
        _ = writes.add([event("b"), sample(1)], at: at(0))
        #expect(writes.drain(at: at(0))?.entries.map { word($0.record) } == ["b", "s1"])
    }
}
