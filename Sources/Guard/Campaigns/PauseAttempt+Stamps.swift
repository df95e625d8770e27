package import Model

extension PauseAttempt {
    /// The longest time after which a request whose answer was lost can still have taken effect.
    private static let effectMax: Duration = .seconds(60)
    /// Lost attempts stored: half an hour's at the longest wait between two.
    private static let lostMax = 60

    /// Whether the campaign's pause at that time can be the doing of one of our attempts.
    ///
    /// Answers give whole seconds, so our own pause may seem up to one second older than its request.
    ///
    /// - Parameter skew: how far the platform's stamps are known to be off.
    func explains(_ pausedAt: Instant, _ answer: ActionAnswer, _ skew: StampSkew) -> Bool {
        // By our clock, as the server's may be off.
        let ours = intent.firstSentAt.flooredToSecond + intent.offset(of: pausedAt, answer)
        if ours >= intent.sentAt.flooredToSecond + skew.earliest { return true }
        return lostAttempts.contains {
            ours >= $0.flooredToSecond + skew.earliest && ours <= $0 + PauseAttempt.effectMax
        }
    }

    /// The attempt under way brings no answer any more, and may have taken effect.
    mutating func noteLost() {
        lostAttempts.append(intent.sentAt)
        if lostAttempts.count > PauseAttempt.lostMax { lostAttempts.removeFirst() }
    }
}

extension Intent {
    /// How much later than the first attempt the platform stamped its effect, by the clock of its answers where they show
    /// one; below zero where the stamp is older.
    func offset(of stamp: Instant, _ answer: ActionAnswer) -> Duration {
        stamp - (answer.serverTimeAtRequest ?? firstSentAt).flooredToSecond
    }
}

extension Instant {
    package var flooredToSecond: Instant {
        Instant(milliseconds: milliseconds - ((milliseconds % 1000) + 1000) % 1000)
    }
}
