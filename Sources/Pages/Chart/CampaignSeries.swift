package import Ledger
package import Model

/// A campaign's bounce rate in a period, with the events that a chart marks.
package struct CampaignSeries: Sendable {
    package struct Mark: Hashable, Sendable {
        package enum Kind: String, CaseIterable, Sendable {
            case paused, wouldPause, resumed, override, probationPassed, relapsed, started, order
        }

        package var at: Instant
        package var kind: Kind
        package var text: String
    }

    package var id: CampaignID
    package var name: String?
    /// The bounce rate within ``window``, at the times that the chart shows.
    package var rates: [(at: Instant, rate: Double)]
    package var window: Duration
    /// The rate above which ``rule`` fires; nil if no rule watches the rate.
    package var limit: Double?
    package var rule: String?
    /// Periods in which Sendwarden had paused it, as recorded in the ledger.
    package var pauses: [ClosedRange<Instant>] = []
    package var probations: [ClosedRange<Instant>] = []
    package var marks: [Mark]
    package var sent: Int
    /// The emails sent since the campaign began; nil if unknown.
    package var sentInTotal: Int?
    package var bounced: Int
    package var resolved: Int

    /// The number of points of a chart's line.
    private static let points = 240

    /// - Parameters:
    ///   - name: nil for the name in its events.
    ///   - samples: from one window before the period to its end, oldest first.
    ///   - events: those of the period, oldest first.
    package init(
        _ id: CampaignID, _ name: String?, _ samples: [(at: Instant, stats: CampaignStats)], _ events: [HistoryEntry],
        _ window: Duration, limit: Double?, rule: String?, from: Instant, until: Instant
    ) {
        // Growth counts from the last sample before the period, if there is one.
        let first = (samples.last { $0.at <= from } ?? samples.first)?.stats
        let last = samples.last?.stats
        func grown(_ path: (CampaignStats) -> Int?) -> Int {
            max(0, (last.flatMap(path) ?? 0) - (first.flatMap(path) ?? 0))
        }
        self.id = id
        self.name = name ?? events.compactMap { $0.fields["SENDWARDEN_CAMPAIGN_NAME"] }.last
        rates = CampaignSeries.rates(samples, window, from: from, until: until)
        (self.window, self.limit, self.rule) = (window, limit, rule)
        marks = []
        (sent, sentInTotal) = (grown(\.sent), last?.sent)
        (bounced, resolved) = (grown(\.bounced), grown(\.resolved))
        addEvents(events, from: from, until: until)
    }

    private mutating func addEvents(_ events: [HistoryEntry], from: Instant, until: Instant) {
        var (pausedAt, probationAt): (Instant?, Instant?) = (nil, nil)
        for event in events {
            guard let kind = Mark.Kind(event) else { continue }
            marks.append(Mark(at: event.at, kind: kind, text: event.message))
            switch kind {
            case .paused:
                pausedAt = pausedAt ?? event.at
                if let start = probationAt { probations.append(start...event.at) }
                probationAt = nil
            case .resumed, .override:
                // A pause that began before the period starts with it.
                pauses.append((pausedAt ?? min(from, event.at))...event.at)
                pausedAt = nil
                if event.fields[JournalField.probation.rawValue] != nil { probationAt = event.at }
            case .probationPassed, .relapsed:
                if let start = probationAt { probations.append(start...event.at) }
                probationAt = nil
            case .wouldPause, .started, .order: break
            }
        }
        if let pausedAt { pauses.append(pausedAt...max(pausedAt, until)) }
        if let probationAt { probations.append(probationAt...max(probationAt, until)) }
    }

    /// The rate within the window at evenly spaced times; omits times without resolved emails.
    private static func rates(
        _ samples: [(at: Instant, stats: CampaignStats)], _ window: Duration, from: Instant, until: Instant
    ) -> [(at: Instant, rate: Double)] {
        let known = samples.filter { $0.stats.bounced != nil && $0.stats.resolved != nil }
        guard known.count > 1, until > from else { return [] }
        var rates: [(at: Instant, rate: Double)] = []
        var (head, tail) = (0, 0)
        for step in 0...points {
            let at = from + (until - from) * step / points
            while head + 1 < known.count, known[head + 1].at <= at { head += 1 }
            while tail < head, known[tail + 1].at <= at - window { tail += 1 }
            guard known[head].at <= at, head > tail else { continue }
            let (new, old) = (known[head].stats, known[tail].stats)
            let resolved = (new.resolved ?? 0) - (old.resolved ?? 0)
            let bounced = (new.bounced ?? 0) - (old.bounced ?? 0)
            if resolved > 0, bounced >= 0 { rates.append((at, Double(bounced) / Double(resolved))) }
        }
        return rates
    }
}

extension CampaignSeries.Mark.Kind {
    /// The kind of an event's mark; nil for an event without one.
    package init?(_ event: HistoryEntry) {
        switch EventKind(rawValue: event.event) {
        case .campaignPaused: self = event.fields["SENDWARDEN_MODE"] == "observe" ? .wouldPause : .paused
        case .campaignResumed: self = .resumed
        case .campaignOverride: self = .override
        case .campaignProbationPassed: self = .probationPassed
        case .campaignRelapsed: self = .relapsed
        case .launchReleased, .launchUnapproved: self = .started
        case .orderAccepted: self = .order
        default: return nil
        }
    }
}
