import Dispatch
import Glibc
import Synchronization
import TestSupport
import Testing
import Threads

/// How much is under way, and how much was at most.
private final class Load: Sendable {
    private let counts = Mutex((now: 0, most: 0))

    var most: Int { counts.withLock { $0.most } }

    func begin() {
        counts.withLock { counts in
            counts.now += 1
            counts.most = max(counts.most, counts.now)
        }
    }

    func end() { counts.withLock { $0.now -= 1 } }
}

/// Blocking work runs outside the cooperative pool, in order and bounded.
@Suite struct BlockingWorkTests {
    @Test func resultsComeInOrderAndFewAreUnderWay() async {
        let load = Load()
        var taken: [Int] = []
        await inOrder(
            Array(0..<20), atOnce: 4,
            { number in
                load.begin()
                // The first of each four is the slowest.
                try? await Task.sleep(for: .milliseconds(number % 4 == 0 ? 20 : 1))
                load.end()
                return number * 2
            }
        ) { item, value in
            #expect(value == item * 2)
            taken.append(item)
            return item < 13
        }
        #expect(taken == Array(0...13) && load.most <= 4)
    }

    /// Blocks the only thread until it is opened.
    private final class Door: Sendable {
        private let semaphore = DispatchSemaphore(value: 0)
        func open() { semaphore.signal() }
        func wait() { semaphore.wait() }
    }

    /// A thread that wakes up must not take the processor from the one that sends a pause.
    @Test func itsThreadsDoNotPreemptOthers() async {
        let work = BlockingWork("test", threads: 1, unfinishedMax: 8)
        // 3 is Linux's SCHED_BATCH.
        #expect(await work.run(.ordinary) { sched_getscheduler(0) } == 3)
    }

    @Test func urgentWorkRunsFirst() async {
        let work = BlockingWork("test", threads: 1, unfinishedMax: 8)
        let (door, entered) = (Door(), Door())
        let order = Lines()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                _ = await work.run(.ordinary) {
                    entered.open()
                    door.wait()
                }
            }
            await withCheckedContinuation { continuation in
                DispatchQueue.global().async {
                    entered.wait()
                    continuation.resume()
                }
            }
            for (name, urgency) in [
                ("background", BlockingWork.Urgency.background), ("ordinary", .ordinary), ("urgent", .urgent),
            ] {
                group.addTask { _ = await work.run(urgency) { order.add(name) } }
            }
            while work.waiting < 3 { try? await Task.sleep(for: .milliseconds(1)) }
            door.open()
        }
        #expect(order.all == ["urgent", "ordinary", "background"])
    }

    @Test func excessWorkIsRefusedAtOnce() async {
        let work = BlockingWork("test", threads: 1, unfinishedMax: 2)
        let door = Door()
        await withTaskGroup(of: Int?.self) { group in
            for number in 0..<6 {
                group.addTask {
                    await work.run {
                        door.wait()
                        return number
                    }
                }
            }
            var refused = 0
            for _ in 0..<4 { if await group.next() == .some(nil) { refused += 1 } }
            #expect(refused == 4)
            for _ in 0..<2 { door.open() }
            let rest = await group.reduce(into: [Int?]()) { $0.append($1) }
            #expect(rest.count == 2 && rest.allSatisfy { $0 != nil })
        }
        #expect(await work.run { 1 } == 1)
    }

    @Test func aCancelledCallerReturnsAtOnce() async {
        let work = BlockingWork("test", threads: 1, unfinishedMax: 4)
        let door = Door()
        await withTaskGroup(of: Int?.self) { group in
            group.addTask {
                await work.run {
                    door.wait()
                    return 1
                }
            }
            group.cancelAll()
            #expect(await group.next() == .some(nil))
        }
        door.open()
        #expect(await work.run { 2 } == 2)
    }
}
