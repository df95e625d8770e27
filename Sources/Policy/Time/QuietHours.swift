package import Model

/// A time of the week, by the clocks of a time zone.
package struct QuietWindow: Sendable {
    /// On which days it begins: 0 is Sunday.
    package var weekdays: Set<Int>
    /// The minute of the day at which it begins.
    package var from: Int
    /// The minute of the day at which it ends; at most ``from`` if that is on the next day.
    package var to: Int
    let zone: TimeZoneTable

    package init(weekdays: Set<Int> = Set(0...6), from: Int = 0, to: Int = 24 * 60, zone: TimeZoneTable) {
        (self.weekdays, self.from, self.to, self.zone) = (weekdays, from, to, zone)
    }

    /// The end of the window if it contains `time`.
    ///
    /// The window begins when clocks first show its beginning and ends when they last reach its end. A window that
    /// clocks skip is empty, and one that they show twice lasts until its second end.
    func end(at time: Instant) -> Instant? {
        let today = zone.day(at: time)
        let ends = (today - 1...today + 1).compactMap { day -> Instant? in
            guard weekdays.contains(TimeZoneTable.weekday(ofDay: day)) else { return nil }
            guard zone.first(from, ofDay: day) <= time else { return nil }
            let end = zone.last(to, ofDay: to <= from ? day + 1 : day)
            return time < end ? end : nil
        }
        return ends.max()
    }
}

extension QuietWindow: Hashable {
    package static func == (left: QuietWindow, right: QuietWindow) -> Bool {
        left.weekdays == right.weekdays && (left.from, left.to) == (right.from, right.to)
            && left.zone.name == right.zone.name
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(weekdays)
        hasher.combine(from)
        hasher.combine(to)
        hasher.combine(zone.name)
    }
}

/// The times at which Sendwarden starts and resumes nothing by itself.
package struct QuietHours: Hashable, Sendable {
    /// Windows that repeat every week join within this time, or never end.
    private static let horizon: Duration = .seconds(9 * 86400)

    package var windows: [QuietWindow]

    package init(_ windows: [QuietWindow] = []) { self.windows = windows }

    /// The quiet time around `time`; nil if `time` is not quiet.
    package func spell(at time: Instant) -> QuietSpell? {
        guard var end = end(at: time) else { return nil }
        while let later = self.end(at: end) {
            if later - time > QuietHours.horizon { return QuietSpell(until: nil) }
            end = later
        }
        return QuietSpell(until: end)
    }

    private func end(at time: Instant) -> Instant? { windows.compactMap { $0.end(at: time) }.max() }
}

/// A time without interruption in which nothing is started.
package struct QuietSpell: Hashable, Sendable, Codable {
    /// The end, in wall-clock time; nil if it never ends.
    package var until: Instant?

    package init(until: Instant?) { self.until = until }
}

extension CheckedPolicy {
    /// True if some workspace has quiet hours.
    package var hasQuietHours: Bool {
        !quiet.windows.isEmpty || workspaces.contains { $0.quiet?.windows.isEmpty == false }
    }

    /// The quiet hours of a workspace: its own, or those of the policy.
    package func quietHours(of workspace: WorkspaceName) -> QuietHours {
        self.workspace(workspace)?.quiet ?? quiet
    }
}
