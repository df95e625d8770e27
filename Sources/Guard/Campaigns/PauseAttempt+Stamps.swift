package import Model

extension PauseAttempt {
    /// The longest time after which a request without a response can still take effect.
    private static let effectMax: Duration = .seconds(60)
    /// How far a clock can be ahead, as long as its offset is unknown.
    private static let aheadMax: Duration = .seconds(300)
    /// The maximum of stored lost attempts: half an hour's worth at the longest backoff.
    private static let lostMax = 60

    /// Whose pause a timestamp shows.
    enum Origin: Hashable, Sendable {
        case ours
        case anothers
        /// Ours or someone else's, because the platform's clock is or may be ahead.
        case unknown
    }

    /// Whose pause it is.
    ///
    /// Responses give whole seconds, so our own pause may look up to a second older than its request. A pause that is
    /// older than every attempt of ours is someone else's. One that is later than an attempt without a response can
    /// have taken effect may be ours and carry a timestamp that is ahead, unless the platform's offset is known.
    ///
    /// - Parameter skew: the learned offset of the platform's timestamps.
    func origin(of pausedAt: Instant, _ answer: ActionAnswer, _ skew: StampSkew) -> Origin {
        // Measured by our clock, because the server's may be off.
        let ours = intent.firstSentAt.flooredToSecond + intent.offset(of: pausedAt, answer)
        if ours >= intent.sentAt.flooredToSecond + skew.earliest {
            // By a clock that is ahead, someone else's pause just before ours looks later than our request.
            let isUsual = skew.usual.map { ours >= intent.sentAt.flooredToSecond + $0 } ?? true
            return isUsual ? .ours : .unknown
        }
        let earlier = lostAttempts.filter { ours >= $0.flooredToSecond + skew.earliest }
        if earlier.contains(where: { ours <= $0 + PauseAttempt.effectMax + (skew.ahead ?? .zero) }) { return .ours }
        let isPossible = earlier.contains { ours <= $0 + PauseAttempt.effectMax + PauseAttempt.aheadMax }
        return isPossible && skew.ahead == nil ? .unknown : .anothers
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
