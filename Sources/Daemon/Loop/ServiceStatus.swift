import Journal

/// Sends notifications to systemd: readiness, the status line, and the watchdog of the main loop.
struct ServiceStatus {
    /// The shortest interval between pings; short enough for any watchdog.
    private static let interval: Duration = .seconds(1)

    private let notifier: ServiceNotifier
    let watchdogInterval: Duration?
    private var pingedAt = ContinuousClock.now
    private var text = ""
    private var isReady = false

    init(_ notifier: ServiceNotifier) {
        self.notifier = notifier
        watchdogInterval = notifier.watchdogInterval
    }

    mutating func ready(_ summary: String) {
        (isReady, text) = (true, summary)
        notifier.ready(status: summary)
    }

    func reloading() { notifier.reloading() }

    func reloaded(_ summary: String) { notifier.ready(status: summary) }

    func stopping() { notifier.stopping() }

    /// Called from the loop at each turn.
    mutating func ping(_ summary: () -> String) {
        let now = ContinuousClock.now
        guard pingedAt.duration(to: now) >= min(watchdogInterval ?? ServiceStatus.interval, ServiceStatus.interval)
        else { return }
        pingedAt = now
        if watchdogInterval != nil { notifier.watchdog() } else { notifier.retry() }
        let status = summary()
        guard isReady, status != text else { return }
        text = status
        notifier.status(status)
    }
}
