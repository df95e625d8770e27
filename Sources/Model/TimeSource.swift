/// The clock of a component that waits; virtual time can run faster than real time.
package protocol TimeSource: Sendable {
    var now: Instant { get }
    /// Waits until the deadline; throws `CancellationError` if the task is cancelled.
    func sleep(until deadline: Instant) async throws
}

extension TimeSource {
    /// Waits for that long; throws `CancellationError` if the task is cancelled.
    package func sleep(for duration: Duration) async throws { try await sleep(until: now + duration) }
}

/// Monotonic time that starts at an instant and runs at a multiple of real time; it never jumps.
package struct SteadyTime: TimeSource {
    private let origin: Instant
    private let start: ContinuousClock.Instant
    private let speed: Double

    /// - Parameters:
    ///   - origin: the time at the start; a daemon passes the wall-clock time.
    ///   - speed: seconds per real second; above 0.
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
        try await ContinuousClock().sleep(until: realTime(of: deadline))
    }

    /// How long, in real time, until the deadline; negative after it.
    package func wait(until deadline: Instant) -> Duration { ContinuousClock.now.duration(to: realTime(of: deadline)) }

    private func realTime(of deadline: Instant) -> ContinuousClock.Instant {
        let offset = deadline - origin
        return start + (speed == 1 ? offset : offset / speed)
    }
}
