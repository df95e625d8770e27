import Guard
import Model
import Policy

/// Checks that nothing starts against a person's order or outside a launch's times.
struct Obedience {
    /// The longest time between an ordered pause and its request: a start or a resume under way is answered first.
    private static let pauseMax: Duration = .seconds(600)

    /// Campaigns that a person paused, and launches that a person holds; nobody has ended that since.
    private var paused: Set<CampaignID> = []
    private var held: Set<CampaignID> = []
    /// Ordered pauses that have not been sent, and since when.
    private var unsent: [CampaignID: Instant] = [:]
    var violations: [String] = []

    mutating func accepted(_ order: Order, isPauseUnderWay: Bool, at now: Instant) {
        switch order.act {
        case .pause:
            paused.insert(order.campaign)
            held.insert(order.campaign)
            if !isPauseUnderWay { unsent[order.campaign] = now }
        case .hold: held.insert(order.campaign)
        case .resume, .release:
            paused.remove(order.campaign)
            held.remove(order.campaign)
            unsent[order.campaign] = nil
        case .mute, .watch, .unwatch: break
        }
    }

    /// The process was killed before the reply.
    mutating func lost(_ order: Order) {
        paused.remove(order.campaign)
        held.remove(order.campaign)
        unsent[order.campaign] = nil
    }

    /// Somebody started the campaign on the platform, so that a rule may pause and resume it.
    mutating func startedByAnother(_ id: CampaignID) { paused.remove(id) }

    mutating func crashed(at now: Instant) { unsent = unsent.mapValues { _ in now } }

    /// An action leaves.
    mutating func left(_ intent: Intent, _ policy: CheckedPolicy, wallClock: Instant, at now: Instant) {
        let id = intent.campaign
        switch intent.action {
        case .pause: unsent[id] = nil
        case .resume: if paused.contains(id) { violations.append("resumed \(id) against an order at \(now)") }
        case .start:
            if held.contains(id) { violations.append("started \(id) against an order at \(now)") }
            guard let launch = policy.launches.first(where: { $0.campaign == id }) else {
                return violations.append("started \(id) without a launch at \(now)")
            }
            if let expires = launch.expires, expires <= wallClock {
                violations.append("started \(id), which expired at \(expires), at \(wallClock)")
            }
            if let notBefore = launch.notBefore, notBefore > wallClock, intent.order?.isForced != true {
                violations.append("started \(id), which waits until \(notBefore), at \(wallClock)")
            }
        }
    }

    func violations(at end: Instant) -> [String] {
        violations
            + unsent.filter { end - $0.value > Self.pauseMax }.map {
                "the pause of \($0.key) of \($0.value) was not sent"
            }
    }
}
