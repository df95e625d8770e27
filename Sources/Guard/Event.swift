package import Model
package import Policy

/// What the guard is told.
///
/// Time comes with each event; nothing else comes in.
package enum Event: Sendable {
    /// The first event of all: polling begins.
    case started
    /// The time that ``Guard/nextDeadline`` named has come.
    case tick
    /// The platform answered, or failed to.
    case observed(Observation)
    /// A start or a pause came back. `jitter`, 0…1, spreads the next attempt where one is needed.
    case answered(Intent, Result<ActionAnswer, Fault>, jitter: Double)
    /// What was to be kept could not be, for this reason, or with nil can be again.
    case recorded(failure: String?)
    /// The wall clock was set: it now shows so much more than the guard's own even time.
    case clockSet(ahead: Duration)
    /// A change of a pool's members was accepted, or came back with a fault.
    case changed(SenderChange, Result<ChangeReceipt, Fault>)
    /// A person wants something done; answered by one ``Effect/reply(_:)``.
    case ordered(Order)
    /// A new policy was read and found sound.
    case reloaded(CheckedPolicy)
}

extension Event {
    /// The one campaign that it is about; nil where it is about none, or about many.
    var campaign: CampaignID? {
        switch self {
        case .observed(let observation): if case .stats(let id) = observation.target { id } else { nil }
        case .answered(let intent, _, _): intent.campaign
        case .ordered(let order): order.campaign
        case .started, .tick, .recorded, .clockSet, .changed, .reloaded: nil
        }
    }
}

extension Event {
    /// False where it certainly leaves the rules on pools, and their members, as they are.
    var mayMovePools: Bool {
        guard case .observed(let observation) = self else { return true }
        switch observation.target {
        case .stats, .accounts: return false
        case .pools, .pool, .operation: return true
        }
    }
}

/// What is asked of the platform to look at it.
package enum Target: Hashable, Sendable {
    case stats(CampaignID)
    /// The pools of a workspace whose platform reports their volumes.
    case pools(WorkspaceName)
    case accounts(WorkspaceName)
    /// A pool that the policy gives a name, with its members.
    case pool(PoolID)
    /// How the change of that pool's members goes on that is under way.
    case operation(PoolID)

    /// What is asked, in a word, for metrics.
    package var endpoint: String {
        switch self {
        case .operation: "operations"
        case .stats, .pools, .accounts, .pool: source.rawValue
        }
    }

    /// The endpoint's name in events and in `poll:`.
    package var source: Source {
        switch self {
        case .stats: .stats
        case .pools, .pool, .operation: .pools
        case .accounts: .accounts
        }
    }
}

/// One answer of the platform, or why there is none.
package struct Observation: Sendable {
    package enum Reading: Sendable {
        case stats(CampaignStats)
        case pools([SenderPool])
        case accounts([SenderAccount])
        indirect case pool(PoolFinding)
        indirect case operation(PoolOperation)
    }

    package var target: Target
    /// When the request left: what happened after that may not be in the answer.
    package var requestedAt: Instant
    package var result: Result<Reading, Fault>

    package init(target: Target, requestedAt: Instant, result: Result<Reading, Fault>) {
        self.target = target
        self.requestedAt = requestedAt
        self.result = result
    }
}
