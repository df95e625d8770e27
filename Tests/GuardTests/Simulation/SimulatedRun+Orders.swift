import Guard
import Model
import Simulator
import TestSupport

/// People's orders in a simulated run, and the last check before an action leaves.
extension SimulatedRun {
    /// Sends an action if it still stands.
    mutating func leave(_ intent: Intent) -> Bool {
        guard intent.action == .pause || warden.mayLeave(intent, at: now) else { return false }
        obedience.left(intent, policy, wallClock: now + clockAhead, at: now)
        log.append(.sent(now, intent, statusThen: world.campaign(intent.campaign)?.status))
        checkResume(intent)
        checkMute(intent)
        if intent.action != .pause, !intent.isOrdered, rules?.isQuiet(now + clockAhead) == true {
            obedience.violations.append("\(intent.action) of \(intent.campaign) in quiet hours at \(now)")
        }
        send(intent)
        return true
    }

    /// A person gives an order.
    mutating func giveOrder() throws {
        let acts: [Order.Act] = [.pause, .pause, .resume, .resume, .hold, .release, .mute]
        let order = Order(
            acts[Int.random(in: acts.indices, using: &generator)],
            world.campaigns[Int.random(in: world.campaigns.indices, using: &generator)].description.id,
            lasts: .seconds(7200), isForced: chance(0.3), by: "anna")
        let effects = warden.handle(.ordered(order), at: now)
        let isAccepted = effects.contains {
            if case .reply(_, _, let outcome) = $0 { outcome.isAccepted } else { false }
        }
        let before = crashes
        let isUnderWay = isPauseUnderWay(order.campaign)
        if isAccepted { obedience.accepted(order, isPauseUnderWay: isUnderWay, at: now) }
        try execute(effects)
        // Only a stored order is accepted.
        if isAccepted, crashes != before { obedience.lost(order) }
        // A pause of a stopped campaign makes it the person's, and is answered once it is stored.
        if isAccepted, crashes == before, order.act == .pause { stops[order.campaign]?.isOurs = false }
    }

    private func isPauseUnderWay(_ id: CampaignID) -> Bool {
        queue.contains { item in
            switch item.pendingEvent {
            case .apply(let intent), .deliver(.answered(let intent, _, _)):
                intent.action == .pause && intent.campaign == id
            case .ask, .poll, .deliver, .stored, .drop, .restore: false
            }
        }
    }
}
