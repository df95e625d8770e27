package import Model

extension PauseAttempt {
    /// The longest time after which a request without a response can still take effect.
    private static let effectMax: Duration = .seconds(60)
    /// The maximum of stored lost attempts: half an hour's worth at the longest backoff.
    private static let lostMax = 60

    /// True if one of our attempts can have paused the campaign at that time.
    ///
    /// Responses give whole seconds, so our own pause may look up to a second older than its request.
    ///
    /// - Parameter skew: the learned offset of the platform's timestamps.
    func explains(_ pausedAt: Instant, _ answer: ActionAnswer, _ skew: StampSkew) -> Bool {
        // Measured by our clock, because the server's may be off.
        let ours = intent.firstSentAt.flooredToSecond + intent.offset(of: pausedAt, answer)
        if ours >= intent.sentAt.flooredToSecond + skew.earliest { return true }
        return lostAttempts.contains {
            ours >= $0.flooredToSecond + skew.earliest && ours <= $0 + PauseAttempt.effectMax
        }
    }

    /// Notes that the attempt under way has lost its response and may have taken effect.
    mutating func noteLost() {
        lostAttempts.append(intent.sentAt)
        if lostAttempts.count > PauseAttempt.lostMax { lostAttempts.removeFirst() }
    }
}

extension Intent {
    /// The timestamp's offset from the first attempt, by the platform's clock if known; negative if older.
    func offset(of stamp: Instant, _ answer: ActionAnswer) -> Duration {
        stamp - (answer.serverTimeAtRequest ?? firstSentAt).flooredToSecond
    }
}

extension Instant {
    package var flooredToSecond: Instant {
        Instant(milliseconds: milliseconds - ((milliseconds % 1000) + 1000) % 1000)
    }
}
