package import Model

/// A simulated workspace: its initial state, what people do in it, and how its API behaves.
package struct WorldDescription: Sendable {
    /// Which of the documented formats the API uses, where its documentation is inconsistent.
    package struct Shapes: Sendable {
        package enum Pools: String, CaseIterable, Sendable { case reference, concepts, guide, quickstart }
        package enum Accounts: String, CaseIterable, Sendable { case array, data }
        package enum Wrapping: String, CaseIterable, Sendable { case flat, wrapped }
        package enum Errors: String, CaseIterable, Sendable { case nested, flat, code, html, empty }
        package enum Replies: String, CaseIterable, Sendable { case array, replies, data }
        /// The fields of `pagination` in a list of replies; `size` does not show whether it is complete.
        package enum Pagination: String, CaseIterable, Sendable {
            case total
            case hasMore = "has_more"
            case cursor, pages, size
        }
        /// The response to the start of a campaign without leads.
        package enum NoLeads: String, CaseIterable, Sendable { case refuse, run }

        package var pools = Pools.reference
        package var accounts = Accounts.array
        package var create = Wrapping.flat
        package var start = Wrapping.flat
        package var pause = Wrapping.flat
        package var errors = Errors.nested
        package var replies = Replies.array
        package var pagination = Pagination.total
        package var suppression = Wrapping.flat
        package var noLeads = NoLeads.refuse

        package init() {}
    }

    package struct Pool: Sendable {
        /// When used volume becomes available again.
        package enum Window: String, CaseIterable, Sendable {
            /// All of it at midnight UTC.
            case midnight
            /// The volume of each email 24 hours after it was sent.
            case rolling
        }

        package var id: PoolID
        package var name: String
        package var capacity: Int
        /// Volume used before the start.
        package var used = 0
        package var window = Window.midnight
        package var active = 1
        package var warming = 0
        package var paused = 0

        package init(id: PoolID, name: String, capacity: Int) {
            self.id = id
            self.name = name
            self.capacity = capacity
        }
    }

    package struct Campaign: Sendable {
        package enum Status: String, CaseIterable, Sendable { case draft, running, paused }

        package var id: CampaignID
        package var name: String
        package var pool: PoolID
        package var status = Status.draft
        package var leads = 0
        /// Sequence steps; each is due `delay` after the previous one.
        package var steps = 1
        package var delay: Duration = .seconds(2 * 86400)
        /// Emails per hour while it runs.
        package var rate = 60.0
        /// The true share of emails that bounce, 0…1.
        package var bounceRate = 0.01
        /// How many emails in a row bounce together, like those to one domain; 1 if each bounces independently.
        package var bounceRun = 1
        /// After this many emails, another share bounces.
        package var turnsBad: (after: Int, bounceRate: Double)?
        package var openRate = 0.4
        package var replyRate = 0.03
        /// The share of replies that are unsubscribes.
        package var unsubscribeShare = 0.1
        /// Emails sent before the start, and how many of them bounced.
        package var sent = 0
        package var bounced = 0

        package init(id: CampaignID, name: String, pool: PoolID) {
            self.id = id
            self.name = name
            self.pool = pool
        }
    }

    /// Something that a person or another program does.
    package struct Act: Sendable {
        package enum Action: Sendable {
            case start(CampaignID)
            case pause(CampaignID)
            case enroll(CampaignID, leads: Int)
            /// The platform resets a campaign's counters.
            case reset(CampaignID)
            case setStatus(AccountID, WorldDescription.AccountStatus)
            /// Changes of the Twilio pool with this name; the number is the index of a member at the start.
            case removeSender(pool: String, Int)
            case restoreSenders(pool: String)
            case setSender(pool: String, Int, PoolSender.Status)
        }

        /// The time after the world's start.
        package var at: Duration
        package var action: Action

        package init(at: Duration, _ action: Action) {
            self.at = at
            self.action = action
        }
    }

    package enum AccountStatus: String, CaseIterable, Sendable { case active, warming, paused }

    /// Nil means the time at which the simulator is started.
    package var start: Instant?
    package var key = "sk_test_simulator"
    package var shapes = Shapes()
    package var pools: [Pool] = []
    package var twilio = TwilioDescription()
    package var campaigns: [Campaign] = []
    package var acts: [Act] = []
    package var faults: [FaultRule] = []
    /// The longest transit of an email before it counts as sent, also after a pause.
    package var transit: Duration = .seconds(30)
    /// The mean time from the end of the transit to a bounce; a delivery takes a quarter of it.
    package var bounceLag: Duration = .seconds(60)

    package init() {}
}
