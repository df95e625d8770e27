/// Where a part of the program that waits gets its time from; virtual time can run faster than the wall's.
package protocol TimeSource: Sendable {
    var now: Instant { get }
    /// Waits until then; throws `CancellationError` when the task is cancelled.
    func sleep(until deadline: Instant) async throws
}

/// Time that starts at an instant and runs evenly, at a multiple of real time; it never jumps.
package struct SteadyTime: TimeSource {
    private let origin: Instant
    private let start: ContinuousClock.Instant
    private let speed: Double

    /// - Parameters:
    ///   - origin: what it shows at first, the wall clock's time for a daemon.
    ///   - speed: seconds of it in a real second; above 0.
    package init(startingAt origin: Instant, speed: Double = 1) {
        self.origin = origin
        self.speed = speed
        start = ContinuousClock.now
    }

    package var now: Instant {
        let elapsed = start.duration(to: ContinuousClock.now)
        return origin + (speed == 1 ? elapsed : elapsed * speed)
    }

    package func sleep(until deadline: Instant) async throws {
        let offset = deadline - origin
        try await ContinuousClock().sleep(until: start + (speed == 1 ? offset : offset / speed))
    }
}
