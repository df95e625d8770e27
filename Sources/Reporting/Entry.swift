package import Guard
package import Model

extension GuardEvent {
    /// The journal entry: one sentence that an operator can act on, with its values as fields.
    package var entry: JournalEvent {
        switch self {
        case .campaign(let campaign, let event): Report.entry(campaign, event)
        case .launch(let campaign, let launch, let event): Report.entry(campaign, launch, event)
        case .rule(let transition): Report.entry(transition)
        case .ruleEnded(let rule, let subject, let end, let wasFiring):
            Report.ruleEnded(rule, subject, end, wasFiring)
        case .group(let group, let rule, let event): Report.entry(group, rule, event)
        case .pool(let event): Report.entry(event)
        case .sender(let event): Report.entry(event)
        case .api(let workspace, let event): Report.entry(workspace, event)
        case .order(let order, let entry, let outcome): Report.entry(order, entry, outcome)
        case .muteOrder(let order, let outcome): Report.entry(order, outcome)
        case .muteWindow(let window, let event): Report.entry(window, event)
        case .startLimitReached(let starts, let per, let campaigns): Report.startLimitReached(starts, per, campaigns)
        case .circuitBreakerTripped(let breaching, let running, let stopsPauses):
            Report.circuitBreakerTripped(breaching, running, stopsPauses)
        case .ledger(let event): Report.entry(event)
        case .watchList(let change): Report.entry(change)
        case .listRecalled(let files, let campaigns): Report.listRecalled(files, campaigns)
        case .watchRefused(let watch, let obstacle): Report.entry(watch, obstacle)
        }
    }
}

/// Builds journal entries; each family of events has its own file.
enum Report {}
