package import Model
package import NIOCore

/// Monotonic time whose waits are timers of an event loop.
package struct EventLoopTime: TimeSource {
    private let clock: SteadyTime
    private let loop: any EventLoop

    package init(_ clock: SteadyTime, _ loop: any EventLoop) { (self.clock, self.loop) = (clock, loop) }

    package var now: Instant { clock.now }

    package func sleep(until deadline: Instant) async throws { try await loop.sleep(for: clock.wait(until: deadline)) }
}

extension EventLoop {
    /// Waits on a timer of the event loop; throws `CancellationError` if the task is cancelled.
    func sleep(for duration: Duration) async throws {
        let timer = scheduleTask(in: TimeAmount(max(.zero, duration))) {}
        do {
            try await withTaskCancellationHandler {
                try await timer.futureResult.get()
            } onCancel: {
                timer.cancel()
            }
        } catch {
            throw CancellationError()
        }
    }
}
