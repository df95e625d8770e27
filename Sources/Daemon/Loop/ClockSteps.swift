/// Detects that the wall clock was set, by comparing it with monotonic time.
struct ClockSteps: Sendable {
    /// A smaller difference is drift.
    private static let stepMin: Duration = .seconds(2)

    private var offset: Duration = .zero

    /// Returns the wall clock's offset from monotonic time if the clock was set since the last call; otherwise nil.
    mutating func note(_ offset: Duration) -> Duration? {
        let change = offset - self.offset
        guard change > ClockSteps.stepMin || change < .zero - ClockSteps.stepMin else { return nil }
        self.offset = offset
        return offset
    }
}
