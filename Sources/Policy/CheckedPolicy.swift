package import Model

/// A policy that was read and has no errors.
package struct CheckedPolicy: Hashable, Sendable {
    /// More campaigns than the rate limit of one API key lets the guard poll in useful time.
    package static let campaignsMax = 20_000

    /// In the order of the file; at least one.
    package var workspaces: [Workspace]
    package var mode: Mode
    /// False if the policy sets no mode; then it is ``Mode/observe``.
    package var setsMode = true
    package var poll: PollSettings
    /// Samples older than this are unknown.
    package var staleAfter: Duration
    /// The time between two good samples counts towards a rule's `for` only up to this length.
    package var maxGap: Duration
    package var onOverride: OnOverride
    package var overrideFor: Duration
    /// How long after a pause emails in transit may still be counted as sent.
    package var overrideGrace: Duration
    package var onUnapproved: OnUnapproved
    package var startLimit: StartLimit
    package var circuitBreaker: CircuitBreakerSettings
    /// The quiet hours of workspaces without their own.
    package var quiet = QuietHours()
    /// Those of the policy in its order, then those of its files, then those that people ordered to watch.
    package var campaigns: [CampaignEntry]
    /// Values for campaigns whose own entries do not set them.
    package var defaults = CampaignDefaults()
    /// The paths of the files that list further campaigns.
    package var campaignFiles: [String] = []
    /// True if the policy says `campaigns: []`, which confirms that its files may list none.
    package var listsNothing = false
    /// The paths of the files under `include`.
    package var included: [String] = []
    /// In the order of the file.
    package var launches: [LaunchEntry]
    /// In the order of the file.
    package var rules: [Rule]
    /// The pools that the policy names under `pools`, in the order of the file.
    package var pools: [PoolBinding]
    /// The receivers of notifications, in the order of the file.
    package var receivers: [Receiver] = []
    /// Nil without a heartbeat.
    package var heartbeat: Heartbeat?

    /// The first workspace, under whose name the ledger stores what is about none in particular.
    package var workspace: Workspace { workspaces[0] }

    /// Makes the workspace the first one, if the policy has it.
    package mutating func moveToFront(_ name: WorkspaceName) {
        guard let index = workspaces.firstIndex(where: { $0.name == name }) else { return }
        workspaces.insert(workspaces.remove(at: index), at: 0)
    }

    /// The workspace with this name; nil if the policy has none.
    package func workspace(_ name: WorkspaceName) -> Workspace? { workspaces.first { $0.name == name } }

    /// The pool that the policy gives this name; nil if the id is the platform's own.
    package func binding(_ id: PoolID) -> PoolBinding? { pools.first { $0.name == id } }

    /// How far back the guard needs samples.
    package var memoryWindow: Duration {
        // Pools without reported volumes subtract what campaigns sent today.
        let day: Duration = pools.isEmpty ? .zero : .seconds(86400) + poll.statsInterval * 3
        return max(rules.windowedCounters.keys.map(\.reach).max() ?? .zero, staleAfter * 2, day)
    }

    /// The campaign's entry; nil if the policy does not list it.
    package func campaign(_ id: CampaignID) -> CampaignEntry? {
        campaigns.first { $0.id == id }
    }

    /// The counters that rules on the campaign read and that cost a request of their own.
    package func extraCounters(of campaign: CampaignEntry) -> Set<ExtraCounter> {
        let counters = rules.filter { $0.isEvaluated(on: campaign) }.reduce(into: Set()) {
            $0.formUnion($1.resolved(on: campaign).extraCounters)
        }
        return workspace(campaign.workspace)?.provider.extras(among: counters) ?? []
    }

    /// The bounce rate to display for a campaign: the first one that an active pausing rule compares with a limit.
    ///
    /// The window is nil if the rule uses lifetime counters.
    package func watchedRate(of campaign: CampaignEntry) -> WatchedRate? {
        for rule in rules where rule.trigger == .running && rule.isEvaluated(on: campaign) {
            let rule = rule.resolved(on: campaign)
            guard rule.action == .pause else { continue }
            for part in rule.condition.conjuncts {
                guard case .compare(let comparison) = part, case .constant(let limit) = comparison.right else {
                    continue
                }
                guard let (rate, window) = comparison.left.rate, rate == .bounceRate else { continue }
                return WatchedRate(rule: rule.name, window: window, limit: limit)
            }
        }
        return nil
    }

    /// The rule with this name; nil if the policy has none.
    package func rule(_ name: String) -> Rule? {
        rules.first { $0.name == name }
    }

    /// True if the rule acts; otherwise, it only reports what it would do.
    package func enforces(_ rule: Rule) -> Bool { mode == .enforce && rule.mode == .enforce }
}

/// A bounce rate and the limit that a rule sets for it.
package struct WatchedRate: Hashable, Sendable {
    package var rule: String
    package var window: Duration?
    package var limit: Double
}

/// Whether decisions are executed or only reported (a dry run).
package enum Mode: String, CaseIterable, Sendable {
    case observe, enforce
}

/// One API key on one provider.
package struct Workspace: Hashable, Sendable {
    /// Where the key is read from; the policy never contains the key itself.
    package enum Credential: Hashable, Sendable {
        /// The name of a file in `$CREDENTIALS_DIRECTORY`.
        case systemd(String)
        /// A file that only its owner can read.
        case file(String)
    }

    package var name: WorkspaceName
    package var provider: Provider
    /// Scheme, host and port, without a trailing slash.
    package var url: String
    package var credential: Credential
    /// Its own quiet hours, instead of the policy's; nil if it has none.
    package var quiet: QuietHours?
}

/// What the guard does when a person restarts a campaign that it paused.
package enum OnOverride: String, CaseIterable, Sendable {
    case respect
    case pauseAgain = "pause_again"
}

/// What the guard does when a campaign starts to send while its launch is held.
package enum OnUnapproved: String, CaseIterable, Sendable {
    case alert, pause
}

/// A draft that the guard starts once its launch rules allow it.
package struct LaunchEntry: Hashable, Sendable, Codable {
    package var campaign: CampaignID
    package var notBefore: Instant?
    package var expires: Instant?
    /// The higher priority starts first.
    package var priority: Int

    package init(campaign: CampaignID, notBefore: Instant? = nil, expires: Instant? = nil, priority: Int = 0) {
        (self.campaign, self.notBefore, self.expires, self.priority) = (campaign, notBefore, expires, priority)
    }
}
