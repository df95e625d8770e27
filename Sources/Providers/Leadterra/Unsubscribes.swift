import Model
import Synchronization

/// Counts each campaign's unsubscribes in the list of its replies, the only place where Leadterra reports them.
///
/// A list is read again if the number of replies changed, but at most once per ``ExtraCounter/interval``, and anyway
/// before the count is older than ``ExtraCounter/ageMax``. A list that may be incomplete gives no count at all, because a
/// part of it would look like fewer unsubscribes.
final class Unsubscribes: Sendable {
    /// One read of a campaign's list.
    private struct Reading {
        /// Nil if the list gave no count, for the reason in `gap`.
        var count: Int?
        var gap: String?
        /// When it began.
        var at: Instant
        /// The campaign's `replied` at that time.
        var replied: Int?

        func isDue(replied now: Int?, at instant: Instant) -> Bool {
            let age = instant - at
            guard age >= ExtraCounter.interval else { return false }
            return count == nil || replied == nil || replied != now || age >= ExtraCounter.ageMax
        }
    }

    /// Enough for a few thousand replies with their texts; up to 256 lists may be in memory at once.
    private static let bodyBytesMax = 2 << 20

    private let requests: RequestSender
    private let timeout: Duration
    /// The latest reading of each campaign.
    private let readings = Mutex<[CampaignID: Reading]>([:])

    /// - Parameter timeout: the longest time for one read, the wait for the budget included, because the campaign's
    ///   stats wait for it.
    init(_ requests: RequestSender, timeout: Duration) { (self.requests, self.timeout) = (requests, timeout) }

    /// The stats with `unsubscribed`, or with the reason why it is unknown.
    func added(to stats: CampaignStats, of campaign: CampaignID) async -> CampaignStats {
        var stats = stats
        // Nobody has received an email of a draft.
        guard !stats.provesDraft else {
            stats.unsubscribed = 0
            return stats
        }
        let now = requests.time.now
        var reading = readings.withLock { $0[campaign] }
        if reading?.isDue(replied: stats.replied, at: now) ?? true {
            reading = await read(campaign, stats, before: reading, at: now)
        }
        guard let reading else { return stats }
        let isRecent = requests.time.now - reading.at <= ExtraCounter.ageMax
        switch reading.count {
        case .some where !isRecent: stats.unsubscribedGap = "the list of replies could not be read again"
        // Counters that the platform restarted.
        case .some(let count) where stats.delivered.map({ count > $0 }) ?? false:
            stats.unsubscribedGap = "there are more unsubscribes than delivered emails"
        case .some(let count): stats.unsubscribed = count
        case .none: stats.unsubscribedGap = reading.gap
        }
        return stats
    }

    private func read(
        _ campaign: CampaignID, _ stats: CampaignStats, before: Reading?, at now: Instant
    ) async -> Reading {
        var reading = Reading(at: now, replied: stats.replied)
        do throws(Fault) {
            let wire: RepliesWire = try await requests.fetchOnce(
                "/v1/replies?campaignId=\(campaign)", bodyBytesMax: Unsubscribes.bodyBytesMax, within: timeout)
            switch wire.unsubscribes(of: campaign, replied: stats.replied) {
            case .success(let count): reading.count = count
            case .failure(let gap): reading.gap = gap.text
            }
        } catch {
            reading.gap = "the list of replies cannot be read: \(error.summary)"
            // No request was sent, so the next poll may try again, and the earlier count stays valid.
            if error.isHeldBack || !error.mayHaveTakenEffect && error.kind == .unreachable { return before ?? reading }
        }
        readings.withLock { [reading] in $0[campaign] = reading }
        return reading
    }
}

/// Why a list of replies gives no count.
private struct CountGap: Error {
    var text: String
}

extension RepliesWire {
    /// The number of the campaign's replies that are unsubscribes.
    ///
    /// - Parameter replied: the number of leads that had replied before the list was read; nil if unknown.
    fileprivate func unsubscribes(of campaign: CampaignID, replied: Int?) -> Result<Int, CountGap> {
        guard isComplete else { return .failure(CountGap(text: "the list of replies is incomplete")) }
        let own = replies.filter { $0.campaign == nil || $0.campaign == campaign.text }
        guard RepliesWire.distinct(own) >= replied ?? 0 else {
            return .failure(CountGap(text: "the list of replies has fewer entries than there are leads that replied"))
        }
        guard own.allSatisfy({ $0.classification != nil }) else {
            return .failure(CountGap(text: "a reply has no classification"))
        }
        return .success(RepliesWire.distinct(own.filter { $0.classification == "unsubscribe" }))
    }

    /// The number of different replies; each without an id counts.
    private static func distinct(_ replies: [Reply]) -> Int {
        Set(replies.compactMap(\.id)).count + replies.count { $0.id == nil }
    }
}
