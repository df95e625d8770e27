package import Model
package import Policy

/// What the guard takes in.
///
/// Time comes with each event; nothing else comes in.
package enum Event: Sendable {
    /// The first event of all: polling begins.
    case started
    /// The time that ``Guard/nextDeadline`` named has come.
    case tick
    /// One of our own polls came back: how it went, and what it brought.
    case polled(PollOutcome)
    /// Counters that came by another way than a poll.
    case sampled(CampaignSample)
    /// Something seems to have happened at the target: it is polled now, and nothing else is concluded.
    case hinted(Target)
    /// A start or a pause came back. `jitter`, 0…1, spreads the next attempt where one is needed.
    case answered(Intent, Result<ActionAnswer, Fault>, jitter: Double)
    /// Records could not be stored, for this reason, or with nil can be again.
    case recorded(failure: String?)
    /// The wall clock was set: it is now so far ahead of monotonic time.
    case clockSet(ahead: Duration)
    /// A change of a pool's members was accepted, or came back with a fault.
    case changed(SenderChange, Result<ChangeReceipt, Fault>)
    /// A person wants something done; answered by one ``Effect/reply(_:entry:_:)``.
    case ordered(Order)
    /// A new policy was read and is valid.
    case reloaded(CheckedPolicy)
}

/// What is asked of the platform to read its state.
package enum Target: Hashable, Sendable {
    case stats(CampaignID)
    /// The pools of a workspace whose platform reports their volumes.
    case pools(WorkspaceName)
    case accounts(WorkspaceName)
    /// A pool that the policy gives a name, with its members.
    case pool(PoolID)
    /// The operation of that pool's change that is under way.
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

/// How one of our own polls went: it alone shows how healthy the API is, and ends the wait for its answer.
package struct PollOutcome: Sendable {
    /// What a poll brought.
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

    var isFailure: Bool {
        switch result {
        case .success: false
        case .failure: true
        }
    }
}

/// A campaign's counters, wherever they come from: rules are evaluated on them.
package struct CampaignSample: Sendable {
    package enum Source: String, CaseIterable, Sendable {
        /// A poll of ours.
        case poll
        /// A request that passed through the API gate.
        case gate
        /// A file, or another store.
        case imported = "import"
    }

    package var campaign: CampaignID
    package var stats: CampaignStats
    /// The earliest time that the counters may be of; what happened after it may be missing.
    package var measuredAt: Instant
    package var source: Source

    package init(campaign: CampaignID, stats: CampaignStats, measuredAt: Instant, source: Source) {
        (self.campaign, self.stats, self.measuredAt, self.source) = (campaign, stats, measuredAt, source)
    }
}
