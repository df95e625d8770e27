import Model
import Policy

/// What a rule would read once so many mails more have been resolved, of which a share bounced.
struct Forecast: Readings {
    let now: CampaignReadings
    let mails: Double
    let bounceRate: Double
    /// How long those mails take.
    let elapsed: Duration

    private func added(to counter: Counter) -> Double {
        switch counter {
        case .totalEnrolled, .replied: 0
        case .sent, .resolved: mails
        case .bounced: mails * bounceRate
        case .delivered: mails * (1 - bounceRate)
        }
    }

    func value(of gauge: Gauge) -> Double? {
        switch gauge {
        case .bounceRate:
            guard let bounced = value(of: .bounced), let resolved = value(of: .resolved), resolved > 0 else {
                return nil
            }
            return bounced / resolved
        case .queued: return now.value(of: .queued).map { max(0, $0 - mails) }
        default:
            guard let counter = Counter(rawValue: gauge.rawValue) else { return now.value(of: gauge) }
            return now.value(of: gauge).map { $0 + added(to: counter) }
        }
    }

    /// What the window holds now leaves it bit by bit.
    func increase(of counter: Counter, over window: Duration) -> Increase? {
        let share = elapsed / window
        let before = now.increase(of: counter, over: window)
        let amount = (before?.amount ?? 0) * max(0, 1 - share) + added(to: counter) / max(1, share)
        let covered = min(window, (before?.covered ?? .zero) + max(.milliseconds(1), elapsed))
        return Increase(amount: amount, covered: covered)
    }

    func age(of source: Source) -> Duration? { source == .stats ? .zero : now.age(of: source) }

    func label(_ name: String) -> String { now.label(name) }

    func poolTag(_ name: String) -> String? { now.poolTag(name) }

    func sinceArmed(_ hits: Counter, of trials: Counter) -> (hits: Double, trials: Double)? {
        now.sinceArmed(hits, of: trials).map { counts in
            let trials = counts.trials + added(to: trials)
            return (min(counts.hits + added(to: hits), trials), trials)
        }
    }
}
