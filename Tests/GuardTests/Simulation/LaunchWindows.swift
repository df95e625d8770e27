import Model
import TestSupport

/// When the launches of a world may start, and how slowly their starts are stored.
///
/// It has its own generator, so that the other choices of a seed stay as they are.
struct LaunchWindows {
    /// True in every other world.
    let isUsed: Bool
    private let began: Instant
    private let length: Duration
    private var generator: SeededGenerator

    init(seed: UInt64, began: Instant, length: Duration) {
        isUsed = seed % 2 == 1
        (self.began, self.length) = (began, length)
        generator = SeededGenerator(seed: seed ^ 0x4c41_554e_4348)
    }

    private mutating func pick<Element>(_ choices: [Element]) -> Element {
        choices[Int.random(in: 0..<choices.count, using: &generator)]
    }

    /// The share of starts and resumes that take long to store.
    mutating func slowWrites() -> Double { isUsed ? pick([0.3, 0.6, 1]) : 0 }

    /// The launch in the policy, and in the one that reloads switch to: at another time, or not at all.
    mutating func launch(of id: CampaignID, priority: Int) -> (own: String, other: String) {
        let plain = "campaign: \(id), priority: \(priority)"
        guard isUsed else { return ("  - {\(plain)}\n", "  - {\(plain)}\n") }
        // Launches fit at the beginning or when the pool's window resets.
        let opens = pick([time(), began, began.nextMidnight])
        // As long as a slow write takes, or a day.
        let closes = opens + pick([Duration.seconds(900), .seconds(1800), .seconds(86400)])
        let (notBefore, expires) = (", not_before: \(opens.rfc3339)", ", expires: \(closes.rfc3339)")
        let own = "  - {\(plain)\(pick(["", "", notBefore, expires, notBefore + expires, notBefore + expires]))}\n"
        return (own, pick([own, own, "", "  - {campaign: \(id), not_before: \(time().rfc3339)}\n"]))
    }

    private mutating func time() -> Instant { began + length * Double.random(in: 0..<1, using: &generator) }
}
