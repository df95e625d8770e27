import Guard
import Model
import Policy

/// The rows of an ``InMemoryLedger``, with the same keys as in SQLite.
struct InMemoryTables: Sendable {
    struct Key<ID: Hashable & Sendable>: Hashable, Sendable {
        var workspace: String
        var id: ID
    }

    struct Row<Value: Sendable>: Sendable {
        var value: Value
        var updatedAt: Instant
    }

    struct Action: Sendable {
        var intent: Intent
        var settledAt: Instant?
        var outcome: String?
    }

    struct Change: Sendable {
        var change: SenderChange
        var settledAt: Instant?
        var outcome: String?
    }

    struct Event: Sendable {
        var workspace: String
        var entry: HistoryEntry
        var pool: String?
    }

    var workspaces: [String: Row<WorkspaceMemory>] = [:]
    var campaigns: [Key<CampaignID>: Row<CampaignMemory>] = [:]
    var launches: [Key<CampaignID>: Row<LaunchMemory>] = [:]
    var pools: [Key<PoolID>: Row<PoolMemory>] = [:]
    var samples: [Key<CampaignID>: [(at: Instant, stats: CampaignStats)]] = [:]
    var volumes: [Key<PoolID>: [PoolVolumeSample]] = [:]
    var decisions: [Key<Int>: Decision] = [:]
    var actions: [Key<Int>: [Intent.Action: Action]] = [:]
    var changes: [Key<Int>: Change] = [:]
    var events: [Event] = []
    var outbox: [Int64: OutboxItem] = [:]
    private var lastEvent = 0

    var rows: Int {
        workspaces.count + campaigns.count + launches.count + pools.count + decisions.count + actions.count
            + changes.count + events.count + outbox.count + samples.values.reduce(0) { $0 + $1.count }
            + volumes.values.reduce(0) { $0 + $1.count }
    }

    // MARK: Writing

    mutating func store(_ entry: LedgerEntry, at now: Instant) {
        let workspace = entry.workspace.text
        switch entry.record {
        case .workspace(let memory): workspaces[workspace] = Row(value: memory, updatedAt: now)
        case .campaign(let memory):
            campaigns[Key(workspace: workspace, id: memory.id)] = Row(value: memory, updatedAt: now)
        case .launch(let memory):
            launches[Key(workspace: workspace, id: memory.campaign)] = Row(value: memory, updatedAt: now)
        case .poolState(let memory):
            pools[Key(workspace: workspace, id: memory.id)] = Row(value: memory, updatedAt: now)
        case .sample(let id, let stats, let at):
            let key = Key(workspace: workspace, id: id)
            if let last = samples[key]?.last?.at, at - last < LedgerDatabase.sampleSpacing, at >= last { return }
            samples[key, default: []].append((at, stats))
        case .pool(let pool, let reserved, let at):
            let key = Key(workspace: workspace, id: pool.id)
            if let last = volumes[key]?.last?.at, at - last < LedgerDatabase.poolSpacing, at >= last { return }
            volumes[key, default: []].append(
                PoolVolumeSample(
                    at: at, capacity: pool.dailyCapacity, remaining: pool.remainingVolume, reserved: reserved))
        case .decision(let decision): decisions[Key(workspace: workspace, id: decision.id)] = decision
        case .intent(let intent, let outcome):
            actions[Key(workspace: workspace, id: intent.decision.id), default: [:]][intent.action] = Action(
                intent: intent, settledAt: outcome.map { _ in now }, outcome: outcome?.text)
        case .senderChange(let change, let outcome):
            changes[Key(workspace: workspace, id: change.decision)] = Change(
                change: change, settledAt: outcome.map { _ in now }, outcome: outcome?.text)
        case .outbox(let change):
            for item in change.queued { outbox[item.id] = item }
            for id in change.settled { outbox[id] = nil }
        case .event(let event, let at):
            lastEvent += 1
            let fields = Dictionary(uniqueKeysWithValues: event.fields.map { ($0.key.rawValue, $0.value) })
            events.append(
                Event(
                    workspace: workspace,
                    entry: HistoryEntry(
                        number: lastEvent, at: at, event: event.kind.rawValue, priority: event.priority.rawValue,
                        campaign: event.fields[.campaign], rule: event.fields[.rule], message: event.message,
                        fields: fields), pool: event.fields[.pool]))
        }
    }

    /// Marks the events as not stored; see ``HistoryEntry/isStored``.
    mutating func unnumber() {
        for index in events.indices { events[index].entry.number = 0 }
    }

    /// Removes old samples, events, actions and decisions, but no action without an outcome, nor its decision.
    mutating func forget(before oldest: Instant) {
        samples = samples.mapValues { $0.filter { $0.at >= oldest } }.filter { !$0.value.isEmpty }
        volumes = volumes.mapValues { $0.filter { $0.at >= oldest } }.filter { !$0.value.isEmpty }
        events.removeAll { $0.entry.at < oldest }
        changes = changes.filter { $0.value.change.sentAt >= oldest || $0.value.settledAt == nil }
        actions = actions.mapValues {
            $0.filter { $0.value.intent.firstSentAt >= oldest || $0.value.settledAt == nil }
        }.filter { !$0.value.isEmpty }
        decisions = decisions.filter { key, decision in
            decision.at >= oldest || actions[key]?.values.contains { $0.settledAt == nil } ?? false
        }
    }

    // MARK: Workspaces

    /// Moves rows that are stored under the wrong workspace of the scope.
    mutating func adopt(_ scope: LedgerScope) {
        let names = Set(scope.workspaces.map(\.text))
        func home(_ workspace: String, campaign: CampaignID?) -> String {
            names.contains(workspace) ? campaign.flatMap { scope.campaigns[$0]?.text } ?? workspace : workspace
        }
        func home(_ workspace: String, pool: PoolID?) -> String {
            names.contains(workspace) ? pool.flatMap { scope.pools[$0]?.text } ?? workspace : workspace
        }
        func newer<Value>(_ left: Row<Value>, _ right: Row<Value>) -> Row<Value> {
            left.updatedAt >= right.updatedAt ? left : right
        }
        func moved<ID, Value>(
            _ rows: [Key<ID>: Value], _ home: (Key<ID>, Value) -> String, _ merge: (Value, Value) -> Value
        ) -> [Key<ID>: Value] {
            Dictionary(rows.map { (Key(workspace: home($0, $1), id: $0.id), $1) }, uniquingKeysWith: merge)
        }
        campaigns = moved(campaigns, { key, _ in home(key.workspace, campaign: key.id) }, newer)
        launches = moved(launches, { key, _ in home(key.workspace, campaign: key.id) }, newer)
        pools = moved(pools, { key, _ in home(key.workspace, pool: key.id) }, newer)
        samples = moved(samples, { key, _ in home(key.workspace, campaign: key.id) }) {
            ($0 + $1).sorted { $0.at < $1.at }
        }
        volumes = moved(volumes, { key, _ in home(key.workspace, pool: key.id) }) {
            ($0 + $1).sorted { $0.at < $1.at }
        }
        decisions = moved(decisions, { key, row in home(key.workspace, campaign: row.campaign) }, { left, _ in left })
        actions = moved(
            actions, { key, row in home(key.workspace, campaign: row.values.first?.intent.campaign) },
            { left, right in left.merging(right) { left, _ in left } })
        changes = moved(changes, { key, row in home(key.workspace, pool: row.change.pool) }, { left, _ in left })
        for index in events.indices {
            let (workspace, campaign) = (events[index].workspace, events[index].entry.campaign)
            events[index].workspace =
                campaign.map { home(workspace, campaign: CampaignID($0)) }
                ?? home(workspace, pool: events[index].pool.flatMap { PoolID($0) })
        }
    }

    func memory(_ scope: LedgerScope, window: Duration, at now: Instant) -> Memory {
        let names = Set(scope.workspaces.map(\.text))
        let newest = workspaces.filter { names.contains($0.key) }.max { $0.value.updatedAt < $1.value.updatedAt }
        var samples: [CampaignID: [(at: Instant, stats: CampaignStats)]] = [:]
        for (key, rows) in self.samples where names.contains(key.workspace) {
            samples[key.id, default: []] += rows.filter { $0.at >= now - window }
        }
        var memory = Memory(
            campaigns: campaigns.filter { names.contains($0.key.workspace) }.sorted { $0.key.id < $1.key.id }
                .map(\.value.value),
            launches: launches.filter { names.contains($0.key.workspace) }.sorted { $0.key.id < $1.key.id }
                .map(\.value.value),
            pools: pools.filter { names.contains($0.key.workspace) }.sorted { $0.key.id < $1.key.id }
                .map(\.value.value),
            workspace: newest?.value.value ?? WorkspaceMemory(),
            samples: samples.mapValues { $0.sorted { $0.at < $1.at } })
        let known = memory.campaignsOfKnownAge
        for (key, rows) in self.samples where names.contains(key.workspace) && !known.contains(key.id) {
            guard let first = rows.map(\.at).min() else { continue }
            memory.firstSamples[key.id] = min(memory.firstSamples[key.id] ?? first, first)
        }
        return memory
    }
}
