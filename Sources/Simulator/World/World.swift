package import Model

/// The made-up workspace as it goes on in time: mails leave, arrive, bounce; quotas fill and renew; people act.
///
/// A pure value. Time moves on a fixed grid, so what happens does not depend on when somebody looks.
package struct World: Sendable {
    /// What becomes of a mail, or of a lead, at a later time.
    private enum Happening: Sendable {
        case leaves(campaign: Int, lead: Int, mail: Int)
        case bounces(campaign: Int, lead: Int)
        case arrives(campaign: Int, lead: Int, mail: Int)
        case replies(campaign: Int, lead: Int, mail: Int)
        case stepDue(campaign: Int, lead: Int)
    }

    /// Replies kept; older ones are forgotten.
    private static let repliesMax = 10_000

    package let description: WorldDescription
    package let startedAt: Instant
    package private(set) var now: Instant
    package private(set) var campaigns: [SimulatedCampaign] = []
    package private(set) var pools: [SimulatedPool] = []
    package private(set) var accounts: [SimulatedAccount] = []
    private(set) var replies: [SimulatedReply] = []
    private(set) var suppressed: Set<String> = []
    package internal(set) var twilio: TwilioWorld
    let chance: Chance
    private let step: Duration
    private var happenings: [Int64: [Happening]] = [:]
    private var acts: [WorldDescription.Act]
    private var places: [CampaignID: Int] = [:]
    private var poolPlaces: [PoolID: Int] = [:]
    private var replyCount = 0
    /// The members of each Twilio pool as the world began.
    private var firstMembers: [String: [String]] = [:]

    /// - Parameters:
    ///   - now: when it begins, where the description does not say.
    ///   - step: the grid of time.
    package init(_ description: WorldDescription, seed: UInt64, at now: Instant, step: Duration = .seconds(1)) {
        self.description = description
        startedAt = description.start ?? now
        self.now = startedAt
        chance = Chance(seed: seed)
        self.step = step
        twilio = TwilioWorld(description.twilio, chance, at: startedAt)
        acts = description.acts.sorted { $0.at < $1.at }
        for pool in description.pools {
            poolPlaces[pool.id] = pools.count
            pools.append(SimulatedPool(pool, at: startedAt))
            let statuses: [(WorldDescription.AccountStatus, Int)] = [
                (.active, pool.active), (.warming, pool.warming), (.paused, pool.paused),
            ]
            for (status, count) in statuses {
                for _ in 0..<count {
                    let id = AccountID(unchecked: "sa_\(accounts.count + 1)")
                    accounts.append(SimulatedAccount(id: id, pool: pool.id, status: status))
                }
            }
        }
        for campaign in description.campaigns { add(campaign) }
        firstMembers = Dictionary(twilio.pools.map { ($0.name, $0.members) }, uniquingKeysWith: { first, _ in first })
    }

    // MARK: Looking

    package func campaign(_ id: CampaignID) -> SimulatedCampaign? { places[id].map { campaigns[$0] } }

    package func stats(of id: CampaignID) -> CampaignStats? {
        guard let campaign = campaign(id) else { return nil }
        let delivered = Double(max(1, campaign.delivered))
        return CampaignStats(
            totalEnrolled: campaign.enrolled, sent: campaign.sent, delivered: campaign.delivered,
            bounced: campaign.bounced, replied: campaign.repliedLeads, queued: campaign.queued,
            openRate: min(1, Double(campaign.openedLeads) / delivered),
            replyRate: min(1, Double(campaign.repliedLeads) / delivered))
    }

    func activeSenders(of pool: PoolID) -> Int { accounts.count { $0.pool == pool && $0.status == .active } }

    // MARK: Acting

    private mutating func add(_ description: WorldDescription.Campaign) {
        places[description.id] = campaigns.count
        campaigns.append(SimulatedCampaign(description, place: campaigns.count, createdAt: now))
    }

    /// Adds a draft to the first pool.
    mutating func create(name: String, steps: Int) -> CampaignID? {
        guard let pool = description.pools.first else { return nil }
        let id = CampaignID(unchecked: "camp_new\(campaigns.count + 1)")
        var draft = WorldDescription.Campaign(id: id, name: name, pool: pool.id)
        draft.steps = steps
        add(draft)
        return id
    }

    /// - Parameter instant: when it was asked for, at or after ``now``.
    package mutating func start(_ id: CampaignID, at instant: Instant) {
        if let place = places[id] { campaigns[place].start(at: instant) }
    }

    /// - Parameter instant: when it was asked for, at or after ``now``.
    package mutating func pause(_ id: CampaignID, at instant: Instant) {
        if let place = places[id] { campaigns[place].pause(at: instant) }
    }

    /// How many were new, and how many are suppressed.
    mutating func enroll(_ emails: [String], into id: CampaignID) -> (enrolled: Int, updated: Int, skipped: Int) {
        guard let place = places[id] else { return (0, 0, 0) }
        var (enrolled, updated, skipped) = (0, 0, 0)
        for email in emails {
            if suppressed.contains(email) {
                skipped += 1
            } else if campaigns[place].enroll(email) {
                enrolled += 1
            } else {
                updated += 1
            }
        }
        return (enrolled, updated, skipped)
    }

    /// How many were not on the list yet.
    mutating func suppress(_ emails: [String]) -> Int {
        emails.count { suppressed.insert($0).inserted }
    }

    package mutating func perform(_ deed: WorldDescription.Act.Deed) {
        switch deed {
        case .start(let id): start(id, at: now)
        case .pause(let id): pause(id, at: now)
        case .enroll(let id, let count):
            guard let campaign = campaign(id) else { return }
            let first = campaign.enrolled + 1
            _ = enroll((first..<first + count).map { "lead-\($0)@\(id).example" }, into: id)
        case .reset(let id):
            if let place = places[id] { campaigns[place].resetCounters() }
        case .setStatus(let account, let status):
            if let index = accounts.firstIndex(where: { $0.id == account }) { accounts[index].status = status }
        case .removeSender(let pool, let place):
            change(pool) { if $0.indices.contains(place) { $0.remove(at: place) } }
        case .restoreSenders(let pool):
            let first = firstMembers[pool] ?? []
            change(pool) { members in members += first.filter { !members.contains($0) } }
        case .setSender(let pool, let place, let status):
            if let members = firstMembers[pool], members.indices.contains(place) {
                twilio.setStatus(members[place], status, at: now)
            }
        }
    }

    private mutating func change(_ pool: String, _ edit: (inout [String]) -> Void) {
        if let id = twilio.pools.first(where: { $0.name == pool })?.id { twilio.change(id, at: now, edit) }
    }

    // MARK: Time

    package mutating func advance(to instant: Instant) {
        twilio.advance(to: max(instant, now))
        while now + step <= instant {
            now = now + step
            for index in pools.indices { pools[index].renew(at: now) }
            while let act = acts.first, startedAt + act.at <= now {
                acts.removeFirst()
                perform(act.deed)
            }
            for happening in happenings.removeValue(forKey: now.milliseconds) ?? [] { carryOut(happening) }
            for place in campaigns.indices where campaigns[place].status == .running { send(place) }
        }
    }

    private mutating func after(_ delay: Duration, _ happening: Happening) {
        let stepLength = step.milliseconds
        let steps = max(1, (delay.milliseconds + stepLength - 1) / stepLength)
        happenings[now.milliseconds + steps * stepLength, default: []].append(happening)
    }

    private mutating func send(_ place: Int) {
        guard let pool = poolPlaces[campaigns[place].description.pool] else { return }
        campaigns[place].credit = min(campaigns[place].credit + campaigns[place].description.rate * step.hours, 1000)
        guard campaigns[place].credit >= 1, activeSenders(of: pools[pool].description.id) > 0 else { return }
        while campaigns[place].credit >= 1, pools[pool].remaining > 0 {
            guard let lead = campaigns[place].dequeue(suppressed: suppressed) else { break }
            campaigns[place].credit -= 1
            pools[pool].use(at: now)
            campaigns[place].mailsSubmitted += 1
            campaigns[place].leads[lead].stepsSent += 1
            let mail = campaigns[place].mailsSubmitted
            let transit = description.transit * chance.value(.transit, stream: place, number: mail)
            after(transit, .leaves(campaign: place, lead: lead, mail: mail))
        }
        // What the queue or the pool did not take is not caught up with in a burst.
        campaigns[place].credit = min(campaigns[place].credit, 1)
    }

    private mutating func carryOut(_ happening: Happening) {
        switch happening {
        case .leaves(let campaign, let lead, let mail): leave(campaign, lead, mail)
        case .bounces(let campaign, let lead):
            // A counter that began anew does not learn of older mails.
            guard campaigns[campaign].delivered + campaigns[campaign].bounced < campaigns[campaign].sent else { return }
            campaigns[campaign].bounced += 1
            campaigns[campaign].leads[lead].isDone = true
        case .arrives(let campaign, let lead, let mail): arrive(campaign, lead, mail)
        case .replies(let campaign, let lead, let mail): reply(campaign, lead, mail)
        case .stepDue(let campaign, let lead): campaigns[campaign].queueNext(lead)
        }
    }

    private mutating func leave(_ place: Int, _ lead: Int, _ mail: Int) {
        campaigns[place].sent += 1
        let isBad = chance.value(.bounce, stream: place, number: mail) < campaigns[place].bounceChance(mail: mail)
        let lag = chance.value(isBad ? .bounceLag : .deliveryLag, stream: place, number: mail)
        if isBad {
            after(description.bounceLag * (2 * lag), .bounces(campaign: place, lead: lead))
        } else {
            after(description.bounceLag * (lag / 2), .arrives(campaign: place, lead: lead, mail: mail))
        }
        let campaign = campaigns[place].description
        if campaigns[place].leads[lead].stepsSent < campaign.steps {
            after(campaign.delay, .stepDue(campaign: place, lead: lead))
        }
    }

    private mutating func arrive(_ place: Int, _ lead: Int, _ mail: Int) {
        guard campaigns[place].delivered + campaigns[place].bounced < campaigns[place].sent else { return }
        campaigns[place].delivered += 1
        let campaign = campaigns[place].description
        if !campaigns[place].leads[lead].hasOpened,
            chance.value(.open, stream: place, number: mail) < campaign.openRate
        {
            campaigns[place].leads[lead].hasOpened = true
            campaigns[place].openedLeads += 1
        }
        if chance.value(.reply, stream: place, number: mail) < campaign.replyRate {
            let lag = Duration.seconds(4 * 3600) * chance.value(.replyLag, stream: place, number: mail)
            after(lag, .replies(campaign: place, lead: lead, mail: mail))
        }
    }

    private mutating func reply(_ place: Int, _ lead: Int, _ mail: Int) {
        let classification: SimulatedReply.Classification =
            switch chance.value(.classification, stream: place, number: mail) {
            case ..<0.3: .interested
            case ..<0.65: .notInterested
            case ..<0.9: .outOfOffice
            default: .unsubscribe
            }
        replyCount += 1
        if replies.count == World.repliesMax { replies.removeFirst(World.repliesMax / 10) }
        replies.append(
            SimulatedReply(
                id: replyCount, campaign: campaigns[place].description.id, email: campaigns[place].leads[lead].email,
                classification: classification, receivedAt: now))
        if classification != .outOfOffice { campaigns[place].leads[lead].isDone = true }
        guard !campaigns[place].leads[lead].hasReplied else { return }
        campaigns[place].leads[lead].hasReplied = true
        campaigns[place].repliedLeads += 1
    }
}
