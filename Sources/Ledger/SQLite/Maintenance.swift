import Model

/// Decides what is removed next: what is too old, and, well before the file is full, what can be spared most.
///
/// It reads nothing and removes nothing: ``LedgerDatabase/maintain(at:)`` does, one bounded step at a time.
struct Maintenance: Sendable {
    /// What may be removed, the most expendable first; a state that the guard goes on from is not among it.
    enum Kind: Hashable, Sendable, CaseIterable {
        case sample, poolSample, event
        /// Changes of pools' members and actions, once they are settled, and then their decisions.
        case senderChange, intent, decision
    }

    enum Work: Hashable, Sendable {
        /// Rows from before then, in milliseconds.
        case remove(Kind, before: Int64)
        /// All but the first row of each ``thinnedSpacing`` between the two, which lie on such boundaries.
        case thin(Kind, from: Int64, before: Int64)
    }

    /// Samples older than this are thinned to one in ``thinnedSpacing``.
    static let rawFor: Duration = .seconds(48 * 3600)
    static let thinnedSpacing: Duration = .seconds(300)
    /// How often what is too old is looked for.
    static let interval: Duration = .seconds(3600)
    /// From here on rows are removed by size: the rest takes in what is written until that is done.
    static let startPercent = 85
    /// Down to here, so that it does not start again at once.
    static let stopPercent = 75
    /// The ages to which samples are cut by size, in hours; events last four times as long, and decisions eight times.
    private static let ages = [1440, 1080, 720, 504, 336, 240, 168, 120, 72, 48, 24, 12, 6, 3, 1]

    private var agenda: ArraySlice<Work> = []
    private var isShrinking = false
    private var roundAt: Instant?
    /// When nothing was left to remove, though the file was too full.
    private var exhaustedAt: Instant?

    /// True where a step is due at once.
    var hasMore: Bool { !agenda.isEmpty }

    /// What to do now; nil where there is nothing to do.
    ///
    /// - Parameters:
    ///   - usedPercent: the pages in use, without free ones, in percent of those allowed.
    ///   - thinnedUntil: up to where samples have been thinned, in milliseconds.
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

    /// Nothing is left of that work.
    mutating func finish(_ work: Work) {
        if agenda.first == work { agenda.removeFirst() }
    }

    /// A clock that was set back makes it due, too.
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

    /// From the oldest to all of it.
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
        // Whatever time it bears, even one of a clock that was wrong.
        return rungs + Kind.allCases.map { .remove($0, before: .max) }
    }
}
