import Model
import Policy

/// What a rule would read after `emails` more resolved emails with the worst fate to be expected.
struct Forecast: CompiledReadings {
    let now: CampaignFigures
    let windows: [TimeWindow]
    let emails: Double
    let fates: ExpectedFates
    /// How long it takes to send those emails.
    let elapsed: Duration

    private func added(to counter: Counter) -> Double {
        switch counter {
        // A bad list neither enrolls nor replies.
        case .totalEnrolled, .replied: 0
        case .sent, .resolved: emails
        case .bounced, .hardBounced, .softBounced: emails * fates[.bounced]
        case .delivered: emails * (1 - fates[.bounced])
        // Of all emails, although a bounced one draws no complaint: no breach comes earlier.
        case .complained: emails * fates[.complained]
        case .unsubscribed: emails * fates[.unsubscribed]
        case .deferred: emails * fates[.deferred]
        }
    }

    func value(of gauge: Gauge) -> Double {
        switch gauge {
        case .counter(let counter): return now.value(of: gauge) + added(to: counter)
        case .rate(let rate):
            let (hits, trials) = (value(of: .counter(rate.hits)), value(of: .counter(rate.trials)))
            return trials > 0 ? hits / trials : .nan
        case .platform(.queued):
            let rest = now.value(of: gauge) - emails
            return rest < 0 ? 0 : rest
        case .platform, .pool, .accounts: return now.value(of: gauge)
        }
    }

    /// The present contents of the window leave it evenly.
    func increase(of counter: Counter, window: Int) -> (amount: Double, hours: Double) {
        let before = now.increase(of: counter, window: window)
        // The next emails do not affect a window in the past.
        guard windows[window].offset == .zero else { return before }
        let length = windows[window].length
        let share = elapsed / length
        let (held, covered) = before.amount.isNaN ? (0, 0) : before
        let amount = held * max(0, 1 - share) + added(to: counter) / max(1, share)
        return (amount, min(length.hours, covered + max(.milliseconds(1), elapsed).hours))
    }

    func age(of source: Source) -> Double { source == .stats ? 0 : now.age(of: source) }

    var campaignAgeSeconds: Double { now.campaignAgeSeconds + elapsed.seconds }

    var wallTime: Instant? { now.wallTime.map { $0 + elapsed } }

    func poolTag(_ name: String) -> String? { now.poolTag(name) }

    func sinceArmed(_ counter: Counter) -> Double {
        guard let test = now.armedTest else { return .nan }
        let trials = now.sinceArmed(test.trials) + added(to: test.trials)
        if counter == test.trials { return trials }
        let hits = now.sinceArmed(test.hits) + added(to: test.hits)
        return hits > trials ? trials : hits
    }

    func changeEvidence(_ detector: ChangeDetector) -> Double {
        guard let change = now.change else { return .nan }
        var evidence = change.evidence
        let trials = added(to: change.test.trials)
        detector.count(min(trials, added(to: change.test.hits)), of: trials, at: now.latestAt, in: &evidence)
        return detector.logEvidence(evidence)
    }
}
