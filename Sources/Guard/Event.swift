package import Model
package import Policy

/// An input of the guard.
///
/// Events and their times are the guard's only input.
package enum Event: Sendable {
    /// The first event: polling begins.
    case started
    /// The time named by ``Guard/nextDeadline`` has come.
    case tick
    /// One of our own polls returned, with a reading or a fault.
    case polled(PollOutcome)
    /// Counters that did not come from one of our polls.
    case sampled(CampaignSample)
    /// Something may have happened at the target: it is polled now, and nothing else is concluded.
    case hinted(Target)
    /// The response to a start, a resume or a pause. `jitter`, 0…1, spreads the next attempt if there is one.
    case answered(Intent, Result<ActionAnswer, Fault>, jitter: Double)
    /// Records could not be stored, for this reason; nil once they can be stored again.
    case recorded(failure: String?)
    /// The wall clock was set; `ahead` is its new offset from monotonic time.
    case clockSet(ahead: Duration)
    /// A change of a pool's members was accepted or failed.
    case changed(SenderChange, Result<ChangeReceipt, Fault>)
    /// An order of a person, answered by one ``Effect/reply(_:entry:_:)``.
    case ordered(Order)
    /// An order on several campaigns, as one order on each.
    case orderedTogether([Order])
    /// An order about mutes by labels, answered by one ``Effect/replyToMute(_:_:)``.
    case muteOrdered(MuteOrder)
    /// The stored state of workspaces that the next ``reloaded(_:)`` adds.
    case joined(Memory)
    /// A new, valid policy was read.
    case reloaded(CheckedPolicy)
    /// Stored samples of campaigns whose windows a reload added, oldest first; see ``Guard/missingSamples(at:)``.
    case recalled([CampaignID: [(at: Instant, stats: CampaignStats)]])
}

/// A read request to the platform.
package enum Target: Hashable, Sendable {
    case stats(CampaignID)
    /// The pools of a workspace whose platform reports pool volumes.
    case pools(WorkspaceName)
    case accounts(WorkspaceName)
    /// A pool named in the policy, with its members.
    case pool(PoolID)
    /// The operation of the pool's change that is under way.
    case operation(PoolID)

    /// The endpoint's label in metrics.
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

/// The outcome of one of our own polls.
///
/// Only poll outcomes feed API health and end the wait for a response.
package struct PollOutcome: Sendable {
    /// The content of a successful poll.
    package enum Reading: Sendable {
        case stats(CampaignStats)
        case pools([SenderPool])
        case accounts([SenderAccount])
        indirect case pool(PoolFinding)
        indirect case operation(PoolOperation)
    }

    package var target: Target
    /// When the request left; the response may miss anything that happened later.
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

/// A campaign's counters from any source; rules are evaluated on them.
package struct CampaignSample: Sendable {
    package enum Source: String, CaseIterable, Sendable {
        /// One of our own polls.
        case poll
        /// A request that passed through the API gate.
        case gate
        /// A file or another store.
        case imported = "import"
    }

    package var campaign: CampaignID
    package var stats: CampaignStats
    /// The earliest time of the counters; they may miss anything that happened later.
    package var measuredAt: Instant
    package var source: Source

    package init(campaign: CampaignID, stats: CampaignStats, measuredAt: Instant, source: Source) {
        (self.campaign, self.stats, self.measuredAt, self.source) = (campaign, stats, measuredAt, source)
    }
}
