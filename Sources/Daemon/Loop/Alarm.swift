import Model

/// A timer for the loop: rings at the earliest of the times for which it was set.
struct Alarm {
    private var deadline: Instant?
    private var task: Task<Void, Never>?

    mutating func set(
        for deadline: Instant, _ time: any TimeSource, on executor: (any TaskExecutor)?,
        ring: @escaping @Sendable () async -> Void
    ) {
        if let armed = self.deadline, armed <= deadline { return }
        task?.cancel()
        self.deadline = deadline
        task = Task(executorPreference: executor) {
            do {
                try await time.sleep(until: deadline)
            } catch {
                return
            }
            await ring()
        }
    }

    mutating func rang() {
        (deadline, task) = (nil, nil)
    }

    mutating func cancel() {
        task?.cancel()
    }
}
