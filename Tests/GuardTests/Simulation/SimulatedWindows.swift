@testable import Guard
import Model
import Policy
import TestSupport

/// Maintenance windows that people plan in a simulated run, and what the guard must not do in them.
///
/// They have their own generator, so that the other choices of a seed stay as they are.
struct SimulatedWindows {
    private struct Window {
        var id: Int
        var labels: [String: String]
        var startsAt: Instant
        var endsAt: Instant
        /// When it is over in monotonic time; nil before it begins.
        var endsBy: Instant?
    }

    private var windows: [Window] = []
    private var generator: SeededGenerator
    /// How often a person plans or cancels one; never in half of the worlds.
    private let rate: Double
    /// The campaigns that are muted, as last logged.
    var muted: Set<CampaignID> = []

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed ^ 0x4d55_5445)
        rate = seed % 2 == 0 ? 0.004 : 0
    }

    /// A person's order; nil most of the time.
    mutating func order(wallClock: Instant) -> MuteOrder? {
        guard rate > 0, Double.random(in: 0..<1, using: &generator) < rate else { return nil }
        let choices: [[String: String]] = [[:], ["team": "a"], ["team": "a"], ["team": "b"]]
        let labels = choices[Int.random(in: 0..<4, using: &generator)]
        if Int.random(in: 0..<5, using: &generator) == 0 { return MuteOrder(.unmute, labels: labels, by: "anna") }
        let from = wallClock + .seconds(Int.random(in: -600...21_600, using: &generator))
        let lasts = Duration.seconds(Int.random(in: 600...28_800, using: &generator))
        return MuteOrder(.mute(from: from, lasts: lasts), labels: labels, by: "anna")
    }

    /// Notes an order that was accepted and stored.
    mutating func accepted(_ outcome: MuteOutcome) {
        switch outcome {
        case .planned(let window, _):
            windows.append(
                Window(id: window.id, labels: window.labels, startsAt: window.startsAt, endsAt: window.endsAt))
        case .unmuted(let cancelled, _, _):
            for window in cancelled { windows.removeAll { $0.id == window.id } }
        case .refused: break
        }
    }

    /// Advances the windows; `isNewProcess` after a crash, when the wall clock is monotonic time.
    mutating func advance(to now: Instant, wallClock: Instant, isNewProcess: Bool = false) {
        for index in windows.indices {
            let window = windows[index]
            if window.endsBy != nil {
                guard isNewProcess else { continue }
                windows[index].endsBy = now + min(max(window.endsAt - now, .zero), window.endsAt - window.startsAt)
            } else if window.startsAt <= wallClock, wallClock < window.endsAt {
                windows[index].endsBy = now + (window.endsAt - wallClock)
            }
        }
        windows.removeAll { window in
            window.endsBy.map { $0 <= now } ?? false || window.endsAt <= wallClock
        }
    }

    /// True if a rule must not pause a campaign with these labels.
    func covers(_ labels: [String: String]) -> Bool {
        windows.contains { $0.endsBy != nil && labels.hasAll($0.labels) }
    }
}

extension SimulatedRun {
    /// A person plans or cancels a maintenance window.
    mutating func planWindow() throws {
        guard let order = windows.order(wallClock: now + clockAhead) else { return }
        let effects = warden.handle(.muteOrdered(order), at: now)
        let before = crashes
        try execute(effects)
        // Only a stored order is accepted.
        guard crashes == before else { return }
        for case .replyToMute(_, let outcome) in effects { windows.accepted(outcome) }
        windows.advance(to: now, wallClock: now + clockAhead)
    }

    /// Notes which campaigns are muted, for the check that others are paused in time.
    mutating func noteMuted() {
        let inForce = warden.muteWindows.filter(\.hasBegun)
        let muted = Set(
            warden.policy.campaigns.filter { entry in inForce.contains { entry.labels.hasAll($0.labels) } }.map(\.id))
        guard muted != windows.muted else { return }
        windows.muted = muted
        log.append(.muted(now, muted))
    }

    /// Records a pause by a rule in a maintenance window.
    mutating func checkMute(_ intent: Intent) {
        guard intent.action == .pause, intent.decision.cause.rule != nil, !intent.isOrdered,
            let labels = warden.campaigns[intent.campaign]?.entry.labels
        else { return }
        // A pause that a person took over is repeated for them.
        if case .pausing(let attempt) = warden.campaigns[intent.campaign]?.phase, attempt.repeats?.keptBy != nil {
            return
        }
        windows.advance(to: now, wallClock: now + clockAhead)
        if windows.covers(labels) {
            obedience.violations.append("a rule paused \(intent.campaign) in a maintenance window at \(now)")
        }
    }
}
