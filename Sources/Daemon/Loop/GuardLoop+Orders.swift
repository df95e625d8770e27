import Guard
import Model
import Policy
import Reporting
import Synchronization

/// Collects the replies to the orders of a batch, which arrive as each is stored.
final class ReplyCollector: Sendable {
    private struct State {
        var replies: [CampaignID: OrderReply] = [:]
        var isAnswered = false
    }

    private let reply: OrderBatchReply
    private let answer: @Sendable (OrderBatchReply) -> Void
    private let state = Mutex(State())

    init(_ reply: OrderBatchReply, _ answer: @escaping @Sendable (OrderBatchReply) -> Void) {
        (self.reply, self.answer) = (reply, answer)
    }

    /// Notes a reply; only the first one to each order counts.
    func note(_ one: OrderReply) {
        guard let id = one.campaign else { return }
        let replies = state.withLock { state -> [CampaignID: OrderReply]? in
            if state.replies[id] == nil { state.replies[id] = one }
            guard !state.isAnswered, state.replies.count == reply.selected.count else { return nil }
            state.isAnswered = true
            return state.replies
        }
        guard let replies else { return }
        var complete = reply
        complete.replies = reply.selected.compactMap { replies[$0.campaign] }
        answer(complete)
    }
}

extension GuardLoop {
    /// Gives an order to each selected campaign, or refuses it for all.
    mutating func carryOut(_ batch: OrderBatch, _ answer: @escaping @Sendable (OrderBatchReply) -> Void) {
        let ids = warden.selected(batch.selection, for: batch.act)
        var reply = OrderBatchReply(
            ids.map { id in
                let campaign = warden.campaigns[id]
                return .init(campaign: id, name: campaign?.entry.name, state: campaign?.state.rawValue)
            })
        reply.refusal = refusal(of: batch, reply)
        if batch.isPreview || reply.refusal != nil { return answer(reply) }
        if let mute = batch.mute {
            return step(.muteOrdered(mute)) { [reply] one in
                var complete = reply
                complete.replies = [one]
                answer(complete)
            }
        }
        let collector = ReplyCollector(reply, answer)
        step(.orderedTogether(ids.map(batch.order)), reply: collector.note)
        if batch.act == .watch { recallSamples() }
    }

    private func refusal(of batch: OrderBatch, _ reply: OrderBatchReply) -> String? {
        // One record covers all campaigns, also those that appear later.
        let isWindow = batch.mute != nil
        if reply.selected.isEmpty, !isWindow { return nothingSelected(batch) }
        if reply.selected.count > OrderBatch.campaignsMax, !isWindow {
            return "\(reply.selected.count) campaigns are selected; the limit is \(OrderBatch.campaignsMax) at once; "
                + "select fewer with --label"
        }
        if let confirmed = batch.confirmed, confirmed != reply.digest {
            return "other campaigns are selected than a moment ago, so nothing was ordered; give the order again"
        }
        return nil
    }

    private func nothingSelected(_ batch: OrderBatch) -> String {
        var which = "no campaign"
        if case .labelled(let labels) = batch.selection, !labels.isEmpty {
            which +=
                " with " + labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ", ")
        }
        switch batch.act {
        case .unwatch: return "\(which) is watched by order"
        case .pause, .watch: return "there is \(which)"
        case .resume: return "\(which) is paused"
        case .hold: return "\(which) has a launch that waits"
        case .release: return "\(which) has a launch that a person holds"
        case .mute: return "\(which) has a rule that pauses"
        }
    }
}
