import Model
import Policy

@testable import Guard

/// Converts effects into words, so that a test reads as a transcript.
enum Transcript {
    static func words(_ effects: [Effect]) -> [String] { effects.map { word($0) } }

    private static func word(_ effect: Effect) -> String {
        switch effect {
        case .poll(let target): "poll \(target.endpoint)"
        case .send(let intent): "send \(intent.action.rawValue) \(intent.attempt)"
        case .change(let change): "\(change.action.rawValue) \(change.sender.id.text)"
        case .record(let record): "store " + word(record)
        case .replyToMute(_, let outcome): outcome.isAccepted ? "accept" : "refuse"
        case .reply(_, _, let outcome): outcome.isAccepted ? "accept" : "refuse"
        case .report(let event): word(event)
        case .ready: "ready"
        }
    }

    private static func word(_ record: LedgerRecord) -> String {
        switch record {
        case .sample: "sample"
        case .campaign: "campaign"
        case .launch: "launch"
        case .poolState: "pool state"
        case .workspace: "workspace"
        case .pool: "pool"
        case .event: "event"
        case .outbox: "outbox"
        case .decision: "decision"
        case .intent(_, let outcome): outcome.map { "outcome: \($0.text)" } ?? "intent"
        case .senderChange(_, let outcome): outcome.map { "outcome: \($0.text)" } ?? "change"
        }
    }

    private static func word(_ event: GuardEvent) -> String {
        switch event {
        case .campaign(_, let event): word(event)
        case .launch(_, _, let event): word(event)
        case .rule(let transition): "\(transition.rule.name) \(transition.change)"
        case .group(_, let rule, .ruleLacksData(_, let lacking, _, let lasting)):
            "\(rule.name): \(lacking.count) lack data for \(Int(lasting.seconds))s"
        case .group(_, let rule, .ruleHasData(_, let duration)):
            "\(rule.name) has data after \(Int(duration.seconds))s"
        case .pool(let event): word(event)
        case .sender(let event): word(event)
        case .api(_, .failing(let failure)):
            "\(failure.kind) \(failure.failing)" + (failure.isFlapping ? " again" : "")
                + (failure.lasting.map { " for \(Int($0.seconds))s" } ?? "")
        case .api(_, .recovered(let kind, _, let lasting, let isFlapping)):
            "\(kind) recovered after \(Int(lasting.seconds))s" + (isFlapping ? " of flapping" : "")
        case .order, .muteOrder: "order"
        case .muteWindow(let window, let event): "window \(window.id) \(event)"
        case .ruleEnded(let rule, _, let end, _): "\(rule) ended: \(end)"
        case .startLimitReached(let starts, _, let campaigns): "start limit: \(starts) of \(campaigns)"
        case .circuitBreakerTripped(let breaching, let running, let stops):
            "breaker: \(breaching) of \(running)" + (stops ? ", stops" : "")
        case .ledger(.failed(_, let since)): since == nil ? "ledger fails" : "ledger still fails"
        case .ledger(.recovered(let after)): "ledger recovered after \(Int(after.seconds))s"
        case .watchList(let change):
            "watching \(change.count)" + change.added.map { " +\($0)" }.joined()
                + change.removed.map { " -\($0.id)" }.joined()
        case .listRecalled(_, let campaigns): "recalled \(campaigns)"
        case .watchRefused(let watch, _): "watch of \(watch.campaign) refused"
        }
    }

    static func word(_ event: CampaignEvent) -> String {
        switch event {
        case .missing: "missing"
        case .stale: "stale"
        case .fresh(let after): "fresh after \(Int(after.seconds))s"
        case .degraded(let unusable, let count): "degraded \(unusable) of \(count)"
        case .steady: "steady"
        case .standstill(_, let lasting): "standstill for \(Int(lasting.seconds))s"
        case .countersRestarted: "counters restarted"
        case .countersReturned: "counters returned"
        case .ruleLacksData(let report, let lasting): word(report) + " for \(Int(lasting.seconds))s"
        case .ruleHasData(let report, let duration): "\(report.rule.name) has data after \(Int(duration.seconds))s"
        case .paused(let pause):
            (pause.mode == .observe ? "would pause" : "paused") + (pause.resumesExhausted ? " for good" : "")
        case .alreadyPaused: "already paused"
        case .stillPaused: "still paused"
        case .pauseFailed(_, _, let attempts, let retryIn):
            "pause failed \(attempts)" + (retryIn == nil ? " for good" : "")
        case .pauseAbandoned(_, let objection, let mayHaveTakenEffect):
            "pause abandoned: \(objection)" + (mayHaveTakenEffect ? ", may have taken effect" : "")
        case .pauseUncertain: "pause uncertain"
        case .pauseNotRepeated: "pause not repeated"
        case .pauseIneffective: "pause ineffective"
        case .pauseOutlasted(let pauses): "pause outlasted \(pauses)"
        case .pauseEffective: "pause effective"
        case .overridden(_, let consequence): "overridden: \(consequence)"
        case .resumed: "resumed"
        case .ruleRearmed(let rule): "\(rule.name) rearmed"
        case .resumeFailed(_, let order, let hindrance, _): (order == nil ? "" : "order: ") + word(hindrance)
        case .resumesExhausted: "resumes exhausted"
        case .relapsed: "relapsed"
        case .probationPassed(_, let resolved): "probation passed at \(resolved)"
        }
    }

    private static func word(_ hindrance: ResumeHindrance) -> String {
        switch hindrance {
        case .obstacles(let obstacles): "obstacles: " + obstacles.map { word($0) }.joined(separator: ", ")
        case .notRunning: "not running"
        case .failed(let summary): "resume failed: \(summary)"
        case .noFreshStats(let summary): "no fresh stats: \(summary)"
        case .incompleteStats: "incomplete stats"
        case .volumeReserved(let remaining, let reserved, _):
            "\(remaining.map { "\($0)" } ?? "unknown") beside \(reserved) reserved"
        case .startLimit: "start limit"
        case .quietHours: "quiet hours"
        case .noRuleResumes: "no rule resumes it"
        case .orderExpired: "expired"
        }
    }

    private static func word(_ obstacle: ResumeObstacle) -> String {
        switch obstacle {
        case .ledgerFailing: "ledger"
        case .campaignMissing: "missing"
        case .breached(let rule, _, _): rule
        }
    }

    static func word(_ event: LaunchEvent) -> String {
        switch event {
        case .queued: "queued"
        case .expired: "expired"
        case .held(let report): "held: \(report.reasons)"
        case .cannotFit(let enrolled, let capacity, _): "cannot fit \(enrolled) in \(capacity)"
        case .released: "released"
        case .failed(_, _, let aftermath): aftermath == .closed ? "failed for good" : "failed"
        case .skipped: "skipped"
        case .alreadyStarted: "already started"
        case .unapproved: "unapproved"
        }
    }

    static func word(_ event: PoolEvent) -> String {
        switch event {
        case .exhausted: "exhausted"
        case .renewed: "renewed"
        case .inconsistent: "inconsistent"
        case .consistent: "consistent"
        case .missing: "missing"
        case .unbound: "unbound"
        case .ambiguous(_, let count): "ambiguous \(count)"
        case .ruleLacksData(_, let report, let lasting): word(report) + " for \(Int(lasting.seconds))s"
        case .ruleHasData(_, let report, let duration): "\(report.rule.name) has data after \(Int(duration.seconds))s"
        }
    }

    private static func word(_ report: RuleDataReport) -> String {
        (report.isProbation ? "probation of " : "")
            + "\(report.rule.name) lacks \(report.data.names.all.joined(separator: ", "))"
    }

    private static func word(_ event: SenderEvent) -> String {
        switch event {
        case .changed(let change, _, let mode): "\(change.action) \(mode == .observe ? "would be " : "")done"
        case .changeFailed(_, _, let next):
            switch next {
            case .retry(let wait): "failed, again in \(Int(wait.seconds))s"
            case .membersDecide(let rest): "failed, members decide" + (rest == nil ? "" : ", left alone")
            case .final: "failed for good"
            }
        case .changeSlow(_, let duration): "slow for \(Int(duration.seconds))s"
        case .alreadyRemoved(_, let doubt): "already removed: \(doubt)"
        case .retained: "retained"
        case .overridden(_, _, let until): until == nil ? "put back" : "put back, respected"
        }
    }
}
