import Model
import Policy

/// The maintenance windows that are planned or in force, in the order in which they were ordered.
struct MuteWindows: Sendable {
    /// The most windows at once, so that their record stays small.
    static let countMax = 100
    /// The longest time until a window begins; a later one is a typing error.
    static let aheadMax: Duration = .seconds(366 * 86400)

    private(set) var all: [MuteWindow] = []

    init() {}

    /// The windows of an earlier process.
    init(_ windows: [MuteWindow], at now: Instant) { all = windows.map { $0.takenUp(at: now) } }

    var isEmpty: Bool { all.isEmpty }

    mutating func add(_ window: MuteWindow) { all.append(window) }

    /// Removes windows; returns them.
    mutating func remove(where isUnwanted: (MuteWindow) -> Bool) -> [MuteWindow] {
        let removed = all.filter(isUnwanted)
        all.removeAll(where: isUnwanted)
        return removed
    }

    /// Begins and ends the windows that are due, and returns these with what happened.
    ///
    /// - Parameter ahead: the wall clock's offset from monotonic time.
    mutating func advance(to now: Instant, _ ahead: Duration) -> [(window: MuteWindow, isOver: Bool)] {
        var changes: [(window: MuteWindow, isOver: Bool)] = []
        let wallTime = now + ahead
        for index in all.indices.reversed() {
            let window = all[index]
            if let endsBy = window.endsBy {
                guard endsBy <= now || window.endsAt <= wallTime else { continue }
                changes.append((all.remove(at: index), true))
            } else if window.endsAt <= wallTime {
                changes.append((all.remove(at: index), true))
            } else if window.startsAt <= wallTime {
                all[index].endsBy = now + (window.endsAt - wallTime)
                changes.append((all[index], false))
            }
        }
        return changes.reversed()
    }

    /// When the next one begins or ends; nil if there is none.
    func deadline(_ ahead: Duration) -> Instant? {
        all.map { window in
            window.endsBy.map { min($0, window.endsAt - ahead) } ?? window.startsAt - ahead
        }.min()
    }

    /// The mutes of those in force, for a campaign with these labels.
    func mutes(of labels: [String: String], _ ahead: Duration) -> [WindowMute] {
        all.compactMap { window in
            guard let endsBy = window.endsBy, labels.hasAll(window.labels) else { return nil }
            let until = min(endsBy, window.endsAt - ahead)
            return WindowMute(rule: window.rule, mute: Mute(until: until, by: window.by))
        }
    }
}

/// A maintenance window in force, as the rules of a campaign see it.
struct WindowMute: Hashable, Sendable {
    /// Nil for every rule that pauses.
    var rule: String?
    var mute: Mute
}
