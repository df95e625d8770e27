import Model
import Policy

/// Turns recorded responses into those that the platform would have given with the replay's pauses.
///
/// Counters stand still during a pause and continue from there afterwards. Where the recorded counters restart, these
/// restart too.
struct RecordedCampaign: Sendable {
    private var falls = CounterFalls()
    private var recorded = UnbrokenCounters()
    /// The first known value of each counter, and the current ones, across all restarts.
    private var first: Counters?
    private var total: Counters?
    /// The simulated platform's counters during a pause; nil if not paused.
    private var standing: Counters?
    private var totalAtPause: Counters?
    /// Simulated minus recorded counters since the last pause or restart; never positive.
    private var shift = Counters.zero
    /// Emails that ended pauses left unsent, and therefore queued.
    private var unsent = 0.0
    /// The shift and what the counters stood at before a restart that may yet prove to be none.
    private var earlier: (shift: Counters, standing: Counters?)?

    /// Converts the next recorded response into the one that the platform would have given.
    mutating func observe(_ stats: CampaignStats, at now: Instant) -> CampaignStats {
        let counters = Counters(stats)
        if let last = recorded.last {
            switch falls.note(StatsSample(stats: stats, at: now, requestedAt: now), since: last) {
            case .usable: break
            case .doubtful: return answer(stats, counters, isDoubtful: true)
            case .restarted(let restart):
                take(Counters(restart.stats), at: restart.at)
                if recorded.restartedAt == restart.at { earlier = (shift, standing) }
                shift = .zero
                if standing != nil { standing = .zero }
            }
        }
        if take(counters, at: now) == .returned, let earlier { (shift, standing) = earlier }
        if !recorded.isRestartOpen { earlier = nil }
        standing?.fill(from: counters)
        return answer(stats, counters, isDoubtful: false)
    }

    /// Emails sent and bounced since the first sample, across all restarts.
    var grown: (sent: Double, bounced: Double) { grown(since: first) }

    /// Emails sent and bounced in reality since the pause.
    var spared: (sent: Double, bounced: Double) { grown(since: totalAtPause) }

    mutating func pause() {
        guard let last = recorded.last else { return }
        standing = shifted(last)
        totalAtPause = total
    }

    mutating func resume() {
        guard let standing, let last = recorded.last else { return }
        unsent += spared.sent
        shift = standing
        shift.subtract(last)
        // A counter that is still unknown counts from zero, paused or not.
        shift.fill(from: .zero)
        (self.standing, totalAtPause) = (nil, nil)
    }

    @discardableResult
    private mutating func take(_ counters: Counters, at now: Instant) -> UnbrokenCounters.Change {
        let change = recorded.append(counters, at: now).change
        total = recorded.total
        if let total { first?.fill(from: total) }
        first = first ?? total
        return change
    }

    private func grown(since before: Counters?) -> (sent: Double, bounced: Double) {
        guard let before, let total else { return (0, 0) }
        return (total.growth(of: .sent, since: before) ?? 0, total.growth(of: .bounced, since: before) ?? 0)
    }

    private func shifted(_ counters: Counters) -> Counters {
        var shifted = counters
        shifted.add(shift)
        return shifted
    }

    /// - Parameter isDoubtful: the counters fell, so the shift does not apply to them.
    private func answer(_ stats: CampaignStats, _ counters: Counters, isDoubtful: Bool) -> CampaignStats {
        if standing == nil, shift == .zero, unsent == 0 { return stats }
        let known = isDoubtful ? (standing == nil ? counters : .zero) : standing ?? shifted(counters)
        func count(_ recorded: Int?, _ value: Double) -> Int? { recorded.flatMap { _ in Int(exactly: max(0, value)) } }
        var answer = stats
        answer.sent = count(stats.sent, known.sent)
        answer.delivered = count(stats.delivered, known.delivered)
        answer.bounced = count(stats.bounced, known.bounced)
        answer.replied = count(stats.replied, known.replied)
        answer.hardBounced = count(stats.hardBounced, known.hardBounced)
        answer.softBounced = count(stats.softBounced, known.softBounced)
        answer.complained = count(stats.complained, known.complained)
        answer.unsubscribed = count(stats.unsubscribed, known.unsubscribed)
        answer.deferred = count(stats.deferred, known.deferred)
        answer.queued = stats.queued.map { $0 &+ (Int(exactly: unsent + spared.sent) ?? 0) }
        return answer
    }
}
