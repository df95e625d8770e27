package import Model

/// One campaign of the world, including state that the API does not expose.
package struct SimulatedCampaign: Sendable {
    struct Lead: Sendable {
        var email: String
        /// Sequence steps already sent to it.
        var stepsSent = 0
        /// True if the lead receives no more emails, because it bounced, replied or unsubscribed.
        var isDone = false
        var hasOpened = false
        var hasReplied = false
    }

    package let description: WorldDescription.Campaign
    /// Its index in the world; selects its random streams.
    let index: Int
    package internal(set) var status: WorldDescription.Campaign.Status
    let createdAt: Instant
    package internal(set) var startedAt: Instant?
    package internal(set) var pausedAt: Instant?
    var leads: [Lead] = []
    /// Indices of leads by email address.
    private var indices: [String: Int] = [:]
    /// Leads whose next email is due, in order.
    private var queue: [Int] = []
    private var queueHead = 0
    /// Emails that the rate allows and that are not sent yet; may be a fraction.
    var credit = 0.0
    /// Emails submitted, also the number of the newest; they count as `sent` after their transit.
    var submitted = 0
    package internal(set) var sent = 0
    package internal(set) var delivered = 0
    package internal(set) var bounced = 0
    package internal(set) var openedLeads = 0
    package internal(set) var repliedLeads = 0

    init(_ description: WorldDescription.Campaign, index: Int, createdAt: Instant) {
        self.description = description
        self.index = index
        status = description.status
        self.createdAt = createdAt
        for number in 1...max(1, description.leads) where number <= description.leads {
            _ = enroll("lead-\(number)@\(description.id).example")
        }
        sent = description.sent
        bounced = description.bounced
        delivered = sent - bounced
        submitted = sent
        for lead in 0..<min(sent, leads.count) { leads[lead].stepsSent = 1 }
        if status != .draft {
            startedAt = createdAt
            fillQueue()
        }
        if status == .paused { pausedAt = createdAt }
    }

    package var enrolled: Int { leads.count }
    package var queued: Int { status == .draft ? 0 : queue.count - queueHead }
    package var inTransit: Int { submitted - sent }

    /// Enrolls a lead; true if it is new.
    mutating func enroll(_ email: String) -> Bool {
        guard indices[email] == nil else { return false }
        indices[email] = leads.count
        leads.append(Lead(email: email))
        if status != .draft { queue.append(leads.count - 1) }
        return true
    }

    mutating func start(at now: Instant) {
        guard status != .running else { return }
        if status == .draft { fillQueue() }
        status = .running
        (startedAt, pausedAt, credit) = (now, nil, 0)
    }

    mutating func pause(at now: Instant) {
        guard status == .running else { return }
        status = .paused
        pausedAt = now
    }

    private mutating func fillQueue() {
        queue = leads.indices.filter { leads[$0].stepsSent == 0 }
        queueHead = 0
    }

    /// Queues the lead for its next step, which is due.
    mutating func queueNext(_ lead: Int) {
        if !leads[lead].isDone { queue.append(lead) }
    }

    /// Removes the next lead from the queue, skipping leads that receive no more emails.
    mutating func dequeue(suppressed: Set<String>) -> Int? {
        while queueHead < queue.count {
            let lead = queue[queueHead]
            queueHead += 1
            if queueHead > 1024, queueHead * 2 > queue.count {
                queue.removeFirst(queueHead)
                queueHead = 0
            }
            if !leads[lead].isDone, !suppressed.contains(leads[lead].email) { return lead }
        }
        return nil
    }

    /// The index of the random draw that decides whether the email bounces.
    func bounceDraw(email number: Int) -> Int {
        description.bounceRun == 1 ? number : (number - 1) / description.bounceRun
    }

    /// The true probability that the email with this number bounces.
    func bounceChance(email number: Int) -> Double {
        guard let turnsBad = description.turnsBad, number > turnsBad.after else { return description.bounceRate }
        return turnsBad.bounceRate
    }

    mutating func resetCounters() {
        (sent, delivered, bounced, openedLeads, repliedLeads, submitted) = (0, 0, 0, 0, 0, 0)
    }
}

/// One pool of the world.
package struct SimulatedPool: Sendable {
    package let description: WorldDescription.Pool
    package internal(set) var used: Int
    /// In a rolling window: when used volume becomes available again, and how much, oldest first.
    private var returns: [(at: Instant, count: Int)] = []
    private var returnsHead = 0
    private var day: Int64

    init(_ description: WorldDescription.Pool, at now: Instant) {
        self.description = description
        used = description.used
        day = SimulatedPool.day(now)
        if used > 0 { returns = [(now + .seconds(86400), used)] }
    }

    package var remaining: Int { max(0, description.capacity - used) }

    private static func day(_ now: Instant) -> Int64 { now.milliseconds / 86_400_000 }

    mutating func renew(at now: Instant) {
        switch description.window {
        case .midnight:
            guard SimulatedPool.day(now) != day else { return }
            day = SimulatedPool.day(now)
            used = 0
        case .rolling:
            while returnsHead < returns.count, returns[returnsHead].at <= now {
                used -= returns[returnsHead].count
                returnsHead += 1
            }
            if returnsHead > 1024 {
                returns.removeFirst(returnsHead)
                returnsHead = 0
            }
        }
    }

    mutating func use(at now: Instant) {
        used += 1
        guard description.window == .rolling else { return }
        let returnsAt = now + .seconds(86400)
        if returns.count > returnsHead, returns[returns.count - 1].at == returnsAt {
            returns[returns.count - 1].count += 1
        } else {
            returns.append((returnsAt, 1))
        }
    }
}

package struct SimulatedAccount: Sendable {
    let id: AccountID
    let pool: PoolID
    var status: WorldDescription.AccountStatus
}

/// A reply of a lead, as `GET /v1/replies` lists it.
struct SimulatedReply: Sendable {
    enum Classification: String, Sendable {
        case interested, notInterested = "not_interested", outOfOffice = "out_of_office", bounce, unsubscribe
    }

    var id: Int
    var campaign: CampaignID
    var email: String
    var classification: Classification
    var receivedAt: Instant
}
