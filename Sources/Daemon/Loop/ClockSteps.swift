/// Detects that the wall clock was set, by comparing it with monotonic time.
struct ClockSteps: Sendable {
    /// A clock that differs by less has drifted, not been set.
    private static let stepMin: Duration = .seconds(2)

    private var offset: Duration = .zero

    /// The wall clock's offset from monotonic time, where it was set since the last call; nil otherwise.
    mutating func note(_ offset: Duration) -> Duration? {
        let change = offset - self.offset
        guard change > ClockSteps.stepMin || change < .zero - ClockSteps.stepMin else { return nil }
        self.offset = offset
        return offset
    }
}
