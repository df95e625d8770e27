package import Model

/// A made-up workspace: what it holds at first, what people do in it later, and how its API behaves.
package struct WorldDescription: Sendable {
    /// Which of the documented shapes the API serves, where its pages disagree.
    package struct Shapes: Sendable {
        package enum Pools: String, CaseIterable, Sendable { case reference, concepts, guide, quickstart }
        package enum Accounts: String, CaseIterable, Sendable { case array, data }
        package enum Wrapping: String, CaseIterable, Sendable { case flat, wrapped }
        package enum Errors: String, CaseIterable, Sendable { case nested, flat, code, html, empty }
        package enum Replies: String, CaseIterable, Sendable { case array, replies, data }
        /// What a start of a campaign without leads does.
        package enum NoLeads: String, CaseIterable, Sendable { case refuse, run }

        package var pools = Pools.reference
        package var accounts = Accounts.array
        package var create = Wrapping.flat
        package var start = Wrapping.flat
        package var pause = Wrapping.flat
        package var errors = Errors.nested
        package var replies = Replies.array
        package var suppression = Wrapping.flat
        package var noLeads = NoLeads.refuse

        package init() {}
    }

    package struct Pool: Sendable {
        /// When used volume comes back.
        package enum Window: String, CaseIterable, Sendable {
            /// All of it at midnight UTC.
            case midnight
            /// Each mail's share 24 hours after it was sent.
            case rolling
        }

        package var id: PoolID
        package var name: String
        package var capacity: Int
        /// Volume used before the world begins.
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
        /// Sequence steps; each waits for `delay` after the one before.
        package var steps = 1
        package var delay: Duration = .seconds(2 * 86400)
        /// Mails an hour while it runs.
        package var rate = 60.0
        /// The true share of mails that bounce, 0…1.
        package var bounceRate = 0.01
        /// From this mail on, counted from 1, another share bounces.
        package var turnsBad: (after: Int, bounceRate: Double)?
        package var openRate = 0.4
        package var replyRate = 0.03
        /// Mails sent before the world begins, and what became of them.
        package var sent = 0
        package var bounced = 0

        package init(id: CampaignID, name: String, pool: PoolID) {
            self.id = id
            self.name = name
            self.pool = pool
        }
    }

    /// Something a person or another program does.
    package struct Act: Sendable {
        package enum Deed: Sendable {
            case start(CampaignID)
            case pause(CampaignID)
            case enroll(CampaignID, leads: Int)
            /// The platform begins a campaign's counters anew.
            case reset(CampaignID)
            case setStatus(AccountID, WorldDescription.AccountStatus)
            /// Of the Twilio pool of that name: a member leaves, counted from 0, or one that left comes back.
            case removeSender(pool: String, Int)
            case restoreSenders(pool: String)
            case setSender(pool: String, Int, PoolSender.Status)
        }

        /// After the world's beginning.
        package var at: Duration
        package var deed: Deed

        package init(at: Duration, _ deed: Deed) {
            self.at = at
            self.deed = deed
        }
    }

    package enum AccountStatus: String, CaseIterable, Sendable { case active, warming, paused }

    /// Nil: the time at which it is started.
    package var start: Instant?
    package var key = "sk_test_simulator"
    package var shapes = Shapes()
    package var pools: [Pool] = []
    package var twilio = TwilioDescription()
    package var campaigns: [Campaign] = []
    package var acts: [Act] = []
    package var faults: [FaultRule] = []
    /// The longest time a mail is under way before it counts as sent, also after a pause.
    package var transit: Duration = .seconds(30)
    /// The mean time from there to a bounce; deliveries take a quarter of it.
    package var bounceLag: Duration = .seconds(60)

    package init() {}
}
