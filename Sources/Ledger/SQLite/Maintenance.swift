import Model

/// Decides which rows are removed next: expired rows, and, well before the file is full, the most expendable rows.
///
/// A value without I/O; ``LedgerDatabase/maintain(at:)`` performs the work in bounded steps.
struct Maintenance: Sendable {
    /// The kinds of rows that may be removed, most expendable first; the guard's state is never removed.
    enum Kind: Hashable, Sendable, CaseIterable {
        case sample, poolSample, event
        /// Settled changes of pools' members, settled actions, and then their decisions.
        case senderChange, intent, decision
    }

    enum Work: Hashable, Sendable {
        /// Remove rows before this time, in milliseconds.
        case remove(Kind, before: Int64)
        /// Remove all but the first row of each ``thinnedSpacing`` between these two multiples of it.
        case thin(Kind, from: Int64, before: Int64)
    }

    /// Older samples are thinned to one per ``thinnedSpacing``.
    static let rawFor: Duration = .seconds(48 * 3600)
    static let thinnedSpacing: Duration = .seconds(300)
    /// The interval between searches for expired rows.
    static let interval: Duration = .seconds(3600)
    /// Removal by size starts here; the remaining space is for writes until it is finished.
    static let startPercent = 85
    /// Removal by size stops here, so that it does not start again immediately.
    static let stopPercent = 75
    /// The steps of removal by size: ages of samples in hours; events last four times, decisions eight times as long.
    private static let ages = [1440, 1080, 720, 504, 336, 240, 168, 120, 72, 48, 24, 12, 6, 3, 1]

    private var agenda: ArraySlice<Work> = []
    private var isShrinking = false
    private var roundAt: Instant?
    /// When there was nothing left to remove although the file was too full.
    private var exhaustedAt: Instant?

    /// True if a step is due immediately.
    var hasMore: Bool { !agenda.isEmpty }

    /// The next work; nil if there is none.
    ///
    /// - Parameters:
    ///   - usedPercent: the used pages, without free ones, in percent of the allowed pages.
    ///   - thinnedUntil: the time until which samples have been thinned, in milliseconds.
    mutating func next(usedPercent: Int, thinnedUntil: Int64, at now: Instant) -> Work? {
        if isShrinking, usedPercent < Maintenance.stopPercent {
            (isShrinking, agenda) = (false, [])
        } else if !isShrinking, usedPercent >= Maintenance.startPercent, isDue(exhaustedAt, at: now) {
            (isShrinking, agenda) = (true, Maintenance.ladder(at: now)[...])
        }
        if agenda.isEmpty {
            if isShrinking { (isShrinking, exhaustedAt) = (false, now) }
            guard isDue(roundAt, at: now) else { return nil }
            roundAt = now
            agenda = Maintenance.round(thinnedUntil: thinnedUntil, at: now)[...]
        }
        return agenda.first
    }

    /// Reports that the work is finished.
    mutating func finish(_ work: Work) {
        if agenda.first == work { agenda.removeFirst() }
    }

    /// Also true if the clock was set back.
    private func isDue(_ last: Instant?, at now: Instant) -> Bool {
        guard let last else { return true }
        return now - last >= Maintenance.interval || now < last
    }

    private static func round(thinnedUntil: Int64, at now: Instant) -> [Work] {
        let oldest = (now - LedgerDatabase.retention).milliseconds
        let spacing = thinnedSpacing.milliseconds
        let before = (now - rawFor).milliseconds / spacing * spacing
        let from = min(thinnedUntil, before)
        return Kind.allCases.map { .remove($0, before: oldest) }
            + [.thin(.sample, from: from, before: before), .thin(.poolSample, from: from, before: before)]
    }

    /// Removal by size, from the oldest rows to all rows.
    private static func ladder(at now: Instant) -> [Work] {
        let rungs = ages.flatMap { hours -> [Work] in
            Kind.allCases.map { kind in
                let factor =
                    switch kind {
                    case .sample, .poolSample: 1
                    case .event: 4
                    case .senderChange, .intent, .decision: 8
                    }
                return .remove(kind, before: (now - .seconds(3600 * hours * factor)).milliseconds)
            }
        }
        // Regardless of the time, in case a clock was wrong.
        return rungs + Kind.allCases.map { .remove($0, before: .max) }
    }
}
