import Model
import Policy

/// A campaign's recorded answers, changed into those that the platform would have given with the replay's pauses.
///
/// While the campaign is paused its counters stand still, and afterwards they go on from there. Where the recorded counters
/// restart, these do too.
struct RecordedCampaign: Sendable {
    private var falls = CounterFalls()
    private var recorded = UnbrokenCounters()
    /// The counters of the first sample that says each, and those of now, over all restarts.
    private var first: Counters?
    private var total: Counters?
    /// What the counters of the platform stand at; nil while the campaign is not paused.
    private var standing: Counters?
    private var totalAtPause: Counters?
    /// What the platform's counters are ahead of those recorded since the last pause, or restart; 0 or below.
    private var shift = Counters.zero
    /// What the ended pauses left unsent, and so in the queue.
    private var unsent = 0.0

    /// Takes the next recorded answer in; what the platform would have answered.
    mutating func observe(_ stats: CampaignStats, at now: Instant) -> CampaignStats {
        let counters = Counters(stats)
        if let last = recorded.last {
            switch falls.note(StatsSample(stats: stats, at: now, requestedAt: now), since: last) {
            case .usable: break
            case .doubtful: return answer(stats, counters, isDoubtful: true)
            case .restarted(let restart):
                take(Counters(restart.stats))
                shift = .zero
                if standing != nil { standing = .zero }
            }
        }
        take(counters)
        standing?.fill(from: counters)
        return answer(stats, counters, isDoubtful: false)
    }

    /// What was sent, and what bounced, since the first sample, over all restarts.
    var grown: (sent: Double, bounced: Double) { grown(since: first) }

    /// What was sent in reality, and bounced, since the pause.
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
        // What is not known yet counts from zero, paused or not.
        shift.fill(from: .zero)
        (self.standing, totalAtPause) = (nil, nil)
    }

    private mutating func take(_ counters: Counters) {
        _ = recorded.append(counters)
        total = recorded.total
        if let total { first?.fill(from: total) }
        first = first ?? total
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

    /// - Parameter isDoubtful: the counters fell, so that they are not those that the shift is for.
    private func answer(_ stats: CampaignStats, _ counters: Counters, isDoubtful: Bool) -> CampaignStats {
        if standing == nil, shift == .zero, unsent == 0 { return stats }
        let known = isDoubtful ? (standing == nil ? counters : .zero) : standing ?? shifted(counters)
        func count(_ recorded: Int?, _ value: Double) -> Int? { recorded.flatMap { _ in Int(exactly: max(0, value)) } }
        var answer = stats
        answer.sent = count(stats.sent, known.sent)
        answer.delivered = count(stats.delivered, known.delivered)
        answer.bounced = count(stats.bounced, known.bounced)
        answer.replied = count(stats.replied, known.replied)
        answer.queued = stats.queued.map { $0 &+ (Int(exactly: unsent + spared.sent) ?? 0) }
        return answer
    }
}
