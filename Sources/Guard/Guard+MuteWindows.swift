package import Model
import Policy

/// Maintains the maintenance windows.
extension Guard {
    /// Begins and ends the windows that are due.
    mutating func advanceWindows(at now: Instant) -> [Effect] {
        guard !windows.isEmpty else { return [] }
        let changes = windows.advance(to: now, wallClockOffset)
        guard !changes.isEmpty else { return [] }
        let covered = muteCampaigns()
        sumAgain(covered, at: now)
        // Rules that were muted may be close to a breach.
        for index in covered where campaigns[index].samples.latest != nil { planPoll(index, at: now) }
        return changes.map { window, isOver in
            let event: MuteWindowEvent =
                isOver ? (window.hasBegun ? .ended : .missed) : .begun(campaigns: covers(window).count)
            return .report(.muteWindow(window, event))
        }
    }

    /// Applies the windows in force to the campaigns of the policy; returns those for which they changed.
    mutating func muteCampaigns() -> [Int] {
        var changed: [Int] = []
        for index in campaigns.indices {
            let mutes = windows.isEmpty ? [] : windows.mutes(of: campaigns[index].entry.labels, wallClockOffset)
            guard campaigns[index].rules.windows != mutes else { continue }
            campaigns.update(index) { $0.mute(in: mutes) }
            changed.append(index)
        }
        return changed
    }

    /// Groups whose campaigns are muted, or no longer, pause others.
    private mutating func sumAgain(_ covered: [Int], at now: Instant) {
        if !covered.isEmpty { noteChangesForGroups(at: now) }
    }

    /// The campaigns of the policy that the window covers.
    package func covers(_ window: MuteWindow) -> [CampaignID] {
        policy.campaigns.filter { $0.labels.hasAll(window.labels) }.map(\.id)
    }

    /// The windows that are planned or in force, by their beginning.
    package var muteWindows: [MuteWindow] { windows.all.sorted { ($0.startsAt, $0.id) < ($1.startsAt, $1.id) } }

    // MARK: Orders

    mutating func obey(_ order: MuteOrder, at now: Instant) -> [Effect] {
        let (outcome, effects) = carryOut(order, at: now)
        return [.report(.muteOrder(order, outcome)), .replyToMute(order, outcome)] + effects
    }

    private mutating func carryOut(_ order: MuteOrder, at now: Instant) -> (MuteOutcome, [Effect]) {
        let names = policy.pausingRules
        if let rule = order.rule, !names.contains(rule) {
            return (.refused(.noSuchRule(rule, nearest: NearestName.of(rule, in: names))), [])
        }
        switch order.act {
        case .mute(let from, let lasts):
            return plan(order, from: from, lasts: lasts ?? policy.overrideFor, at: now)
        case .unmute: return unmute(order, at: now)
        }
    }

    private mutating func plan(
        _ order: MuteOrder, from: Instant?, lasts: Duration, at now: Instant
    ) -> (MuteOutcome, [Effect]) {
        let wallTime = now + wallClockOffset
        let start = from ?? wallTime
        if start - wallTime > MuteWindows.aheadMax { return (.refused(.tooFarAhead(start)), []) }
        let end = start + lasts
        guard end > wallTime else { return (.refused(.over(end)), []) }
        guard windows.all.count < MuteWindows.countMax else {
            return (.refused(.tooManyWindows(MuteWindows.countMax)), [])
        }
        // The number also makes this state the newest in the ledger.
        let window = MuteWindow(
            id: nextDecisionID(), labels: order.labels, rule: order.rule, startsAt: start, endsAt: end, by: order.by,
            reason: order.reason)
        windows.add(window)
        let count = covers(window).count
        let planned: [Effect] = start > wallTime ? [.report(.muteWindow(window, .planned(campaigns: count)))] : []
        return (.planned(window, campaigns: count), planned + advanceWindows(at: now))
    }

    /// Cancels the windows that cover no other campaigns or rules, and ends the mutes of single campaigns.
    private mutating func unmute(_ order: MuteOrder, at now: Instant) -> (MuteOutcome, [Effect]) {
        let cancelled = windows.remove { window in
            window.labels.hasAll(order.labels) && (order.rule == nil || order.rule == window.rule)
        }
        var unmuted = 0
        for index in campaigns.indices where campaigns[index].entry.labels.hasAll(order.labels) {
            let muted = campaigns[index].rules.mutes.filter { name, mute in
                now < mute.until && (order.rule == nil || order.rule == name)
            }
            guard !muted.isEmpty else { continue }
            unmuted += 1
            campaigns.update(index) { campaign in for name in muted.keys { campaign.unmute(name) } }
        }
        let remaining = windows.all.filter { window in
            (order.rule == nil || window.rule == nil || order.rule == window.rule)
                && policy.campaigns.contains { $0.labels.hasAll(order.labels) && $0.labels.hasAll(window.labels) }
        }
        guard !cancelled.isEmpty || unmuted > 0 else { return (.refused(.nothingMuted(remaining: remaining)), []) }
        _ = nextDecisionID()
        for index in muteCampaigns() where campaigns[index].samples.latest != nil { planPoll(index, at: now) }
        noteChangesForGroups(at: now)
        return (
            .unmuted(cancelled, unmuted: unmuted, remaining: remaining),
            cancelled.map { .report(.muteWindow($0, .cancelled(by: order.by))) }
        )
    }
}

extension CheckedPolicy {
    /// The rules that pause at least some campaigns, by name.
    fileprivate var pausingRules: [String] {
        rules.filter { rule in
            rule.action == .pause || rule.overrides.contains { $0.rule.action == .pause }
        }.map(\.name)
    }
}
