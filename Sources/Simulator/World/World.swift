package import Model

/// A simulated workspace over time: emails are sent, delivered and bounce, quotas fill and reset, people act.
///
/// A pure value. Time advances in fixed steps, so what happens does not depend on when the world is read.
package struct World: Sendable {
    /// What happens to an email or a lead at a later time.
    private enum Occurrence: Sendable {
        case isSent(campaign: Int, lead: Int, email: Int)
        case bounces(campaign: Int, lead: Int)
        case isDelivered(campaign: Int, lead: Int, email: Int)
        case isAnswered(campaign: Int, lead: Int, email: Int)
        case stepDue(campaign: Int, lead: Int)
    }

    /// The most replies that are stored; older ones are dropped.
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
    private var occurrences: [Int64: [Occurrence]] = [:]
    private var acts: [WorldDescription.Act]
    private var campaignIndices: [CampaignID: Int] = [:]
    private var poolIndices: [PoolID: Int] = [:]
    private var replyCount = 0
    /// The members of each Twilio pool at the start.
    private var firstMembers: [String: [String]] = [:]

    /// - Parameters:
    ///   - now: the start, unless the description sets one.
    ///   - step: the length of a time step.
    package init(_ description: WorldDescription, seed: UInt64, at now: Instant, step: Duration = .seconds(1)) {
        self.description = description
        startedAt = description.start ?? now
        self.now = startedAt
        chance = Chance(seed: seed)
        self.step = step
        twilio = TwilioWorld(description.twilio, chance, at: startedAt)
        acts = description.acts.sorted { $0.at < $1.at }
        for pool in description.pools {
            poolIndices[pool.id] = pools.count
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

    // MARK: Reading

    package func campaign(_ id: CampaignID) -> SimulatedCampaign? { campaignIndices[id].map { campaigns[$0] } }

    package func stats(of id: CampaignID) -> CampaignStats? {
        guard let campaign = campaign(id) else { return nil }
        let delivered = Double(max(1, campaign.delivered))
        return CampaignStats(
            totalEnrolled: campaign.enrolled, sent: campaign.sent, delivered: campaign.delivered,
            bounced: campaign.bounced, replied: campaign.repliedLeads, queued: campaign.queued,
            openRate: min(1, Double(campaign.openedLeads) / delivered),
            replyRate: min(1, Double(campaign.repliedLeads) / delivered))
    }

    /// The campaign's replies that are unsubscribes.
    package func unsubscribes(of id: CampaignID) -> Int {
        replies.count { $0.campaign == id && $0.classification == .unsubscribe }
    }

    func activeSenders(of pool: PoolID) -> Int { accounts.count { $0.pool == pool && $0.status == .active } }

    // MARK: Acting

    private mutating func add(_ description: WorldDescription.Campaign) {
        campaignIndices[description.id] = campaigns.count
        campaigns.append(SimulatedCampaign(description, index: campaigns.count, createdAt: now))
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

    /// - Parameter instant: the time of the request, at or after ``now``.
    package mutating func start(_ id: CampaignID, at instant: Instant) {
        if let index = campaignIndices[id] { campaigns[index].start(at: instant) }
    }

    /// - Parameter instant: the time of the request, at or after ``now``.
    package mutating func pause(_ id: CampaignID, at instant: Instant) {
        if let index = campaignIndices[id] { campaigns[index].pause(at: instant) }
    }

    /// Enrolls leads; returns how many were new, already enrolled, and suppressed.
    mutating func enroll(_ emails: [String], into id: CampaignID) -> (enrolled: Int, updated: Int, skipped: Int) {
        guard let index = campaignIndices[id] else { return (0, 0, 0) }
        var (enrolled, updated, skipped) = (0, 0, 0)
        for email in emails {
            if suppressed.contains(email) {
                skipped += 1
            } else if campaigns[index].enroll(email) {
                enrolled += 1
            } else {
                updated += 1
            }
        }
        return (enrolled, updated, skipped)
    }

    /// Suppresses addresses; returns how many were new on the list.
    mutating func suppress(_ emails: [String]) -> Int {
        emails.count { suppressed.insert($0).inserted }
    }

    package mutating func perform(_ action: WorldDescription.Act.Action) {
        switch action {
        case .start(let id): start(id, at: now)
        case .pause(let id): pause(id, at: now)
        case .enroll(let id, let count):
            guard let campaign = campaign(id) else { return }
            let first = campaign.enrolled + 1
            _ = enroll((first..<first + count).map { "lead-\($0)@\(id).example" }, into: id)
        case .reset(let id):
            if let index = campaignIndices[id] { campaigns[index].resetCounters() }
        case .setStatus(let account, let status):
            if let index = accounts.firstIndex(where: { $0.id == account }) { accounts[index].status = status }
        case .removeSender(let pool, let index):
            change(pool) { if $0.indices.contains(index) { $0.remove(at: index) } }
        case .restoreSenders(let pool):
            let first = firstMembers[pool] ?? []
            change(pool) { members in members += first.filter { !members.contains($0) } }
        case .setSender(let pool, let index, let status):
            if let members = firstMembers[pool], members.indices.contains(index) {
                twilio.setStatus(members[index], status, at: now)
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
                perform(act.action)
            }
            for occurrence in occurrences.removeValue(forKey: now.milliseconds) ?? [] { carryOut(occurrence) }
            for index in campaigns.indices where campaigns[index].status == .running { send(index) }
        }
    }

    private mutating func after(_ delay: Duration, _ occurrence: Occurrence) {
        let stepLength = step.milliseconds
        let steps = max(1, (delay.milliseconds + stepLength - 1) / stepLength)
        occurrences[now.milliseconds + steps * stepLength, default: []].append(occurrence)
    }

    private mutating func send(_ index: Int) {
        guard let pool = poolIndices[campaigns[index].description.pool] else { return }
        campaigns[index].credit = min(campaigns[index].credit + campaigns[index].description.rate * step.hours, 1000)
        guard campaigns[index].credit >= 1, activeSenders(of: pools[pool].description.id) > 0 else { return }
        while campaigns[index].credit >= 1, pools[pool].remaining > 0 {
            guard let lead = campaigns[index].dequeue(suppressed: suppressed) else { break }
            campaigns[index].credit -= 1
            pools[pool].use(at: now)
            campaigns[index].submitted += 1
            campaigns[index].leads[lead].stepsSent += 1
            let email = campaigns[index].submitted
            let transit = description.transit * chance.value(.transit, stream: index, number: email)
            after(transit, .isSent(campaign: index, lead: lead, email: email))
        }
        // Emails that the queue or the pool did not allow are not sent later in a burst.
        campaigns[index].credit = min(campaigns[index].credit, 1)
    }

    private mutating func carryOut(_ occurrence: Occurrence) {
        switch occurrence {
        case .isSent(let campaign, let lead, let email): sent(campaign, lead, email)
        case .bounces(let campaign, let lead):
            // Counters that were reset ignore older emails.
            guard campaigns[campaign].delivered + campaigns[campaign].bounced < campaigns[campaign].sent else { return }
            campaigns[campaign].bounced += 1
            campaigns[campaign].leads[lead].isDone = true
        case .isDelivered(let campaign, let lead, let email): delivered(campaign, lead, email)
        case .isAnswered(let campaign, let lead, let email): reply(campaign, lead, email)
        case .stepDue(let campaign, let lead): campaigns[campaign].queueNext(lead)
        }
    }

    private mutating func sent(_ index: Int, _ lead: Int, _ email: Int) {
        campaigns[index].sent += 1
        let draw = campaigns[index].bounceDraw(email: email)
        let isBad = chance.value(.bounce, stream: index, number: draw) < campaigns[index].bounceChance(email: email)
        let lag = chance.value(isBad ? .bounceLag : .deliveryLag, stream: index, number: email)
        if isBad {
            after(description.bounceLag * (2 * lag), .bounces(campaign: index, lead: lead))
        } else {
            after(description.bounceLag * (lag / 2), .isDelivered(campaign: index, lead: lead, email: email))
        }
        let campaign = campaigns[index].description
        if campaigns[index].leads[lead].stepsSent < campaign.steps {
            after(campaign.delay, .stepDue(campaign: index, lead: lead))
        }
    }

    private mutating func delivered(_ index: Int, _ lead: Int, _ email: Int) {
        guard campaigns[index].delivered + campaigns[index].bounced < campaigns[index].sent else { return }
        campaigns[index].delivered += 1
        let campaign = campaigns[index].description
        if !campaigns[index].leads[lead].hasOpened,
            chance.value(.open, stream: index, number: email) < campaign.openRate
        {
            campaigns[index].leads[lead].hasOpened = true
            campaigns[index].openedLeads += 1
        }
        if chance.value(.reply, stream: index, number: email) < campaign.replyRate {
            let lag = Duration.seconds(4 * 3600) * chance.value(.replyLag, stream: index, number: email)
            after(lag, .isAnswered(campaign: index, lead: lead, email: email))
        }
    }

    private mutating func reply(_ index: Int, _ lead: Int, _ email: Int) {
        let draw = chance.value(.classification, stream: index, number: email)
        let rest = 1 - campaigns[index].description.unsubscribeShare
        let classification: SimulatedReply.Classification =
            switch draw {
            case ..<(rest / 3): .interested
            case ..<(rest * 0.65 / 0.9): .notInterested
            case ..<rest: .outOfOffice
            default: .unsubscribe
            }
        replyCount += 1
        if replies.count == World.repliesMax { replies.removeFirst(World.repliesMax / 10) }
        replies.append(
            SimulatedReply(
                id: replyCount, campaign: campaigns[index].description.id, email: campaigns[index].leads[lead].email,
                classification: classification, receivedAt: now))
        if classification != .outOfOffice { campaigns[index].leads[lead].isDone = true }
        guard !campaigns[index].leads[lead].hasReplied else { return }
        campaigns[index].leads[lead].hasReplied = true
        campaigns[index].repliedLeads += 1
    }
}
