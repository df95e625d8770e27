import FoundationEssentials
import Model
import Yams

/// An error in a world file: where it is, and what to write instead.
package struct WorldFileError: Error, Sendable {
    package enum Code: Sendable { case missing, noPermission, unusable }

    package let code: Code
    package let message: String
}

/// Reads a world from YAML.
package enum WorldFile {
    /// The largest file accepted.
    static let bytesMax = 1 << 20

    package static func read(_ path: String) throws(WorldFileError) -> WorldDescription {
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: path))
        } catch let error as CocoaError where error.code == .fileReadNoSuchFile {
            throw WorldFileError(code: .missing, message: "\(path): no such file")
        } catch let error as CocoaError where error.code == .fileReadNoPermission {
            throw WorldFileError(code: .noPermission, message: "\(path): permission denied")
        } catch {
            throw WorldFileError(code: .unusable, message: "\(path): cannot be read")
        }
        guard data.count <= bytesMax, let text = String(validating: data, as: UTF8.self) else {
            throw WorldFileError(code: .unusable, message: "\(path): larger than 1 MiB, or not UTF-8")
        }
        return try parse(text, name: path)
    }

    package static func parse(_ text: String, name: String) throws(WorldFileError) -> WorldDescription {
        do {
            return try YAMLDecoder().decode(WorldReader.self, from: text).world
        } catch let error as DecodingError {
            throw WorldFileError(code: .unusable, message: "\(name): \(explain(error))")
        } catch {
            throw WorldFileError(code: .unusable, message: "\(name): \(error)")
        }
    }

    private static func explain(_ error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, let context):
            return "\(path(context.codingPath + [key])) is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            return "\(path(context.codingPath)) has the wrong type"
        case .dataCorrupted(let context):
            let reason = context.underlyingError.map { "\($0)" } ?? context.debugDescription
            return context.codingPath.isEmpty ? reason : "\(path(context.codingPath)): \(reason)"
        @unknown default: return "cannot be read"
        }
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        var path = ""
        for key in keys {
            if let index = key.intValue {
                path += "[\(index)]"
            } else {
                path += (path.isEmpty ? "" : ".") + key.stringValue
            }
        }
        return path
    }
}

/// A mapping in which every key must be known, with readers for the policy's notations.
private struct Fields {
    private struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    private let container: KeyedDecodingContainer<Key>

    init(_ decoder: any Decoder, _ known: String...) throws {
        container = try decoder.container(keyedBy: Key.self)
        if let unknown = container.allKeys.first(where: { !known.contains($0.stringValue) }) {
            throw DecodingError.dataCorruptedError(
                forKey: unknown, in: container,
                debugDescription: "unknown key; keys are \(known.joined(separator: ", "))")
        }
    }

    func has(_ name: String) -> Bool { container.contains(Key(stringValue: name)) }

    func value<Value: Decodable>(_ name: String, _ type: Value.Type = Value.self) throws -> Value {
        try container.decode(type, forKey: Key(stringValue: name))
    }

    func value<Value: Decodable>(_ name: String, or standard: Value) throws -> Value {
        try container.decodeIfPresent(Value.self, forKey: Key(stringValue: name)) ?? standard
    }

    func count(_ name: String, or standard: Int, _ range: ClosedRange<Int> = 0...10_000_000) throws -> Int {
        let count = try value(name, or: standard)
        guard range.contains(count) else {
            throw fault(name, "must be between \(range.lowerBound) and \(range.upperBound)")
        }
        return count
    }

    func number(_ name: String, or standard: Double, _ range: ClosedRange<Double>) throws -> Double {
        let number = try value(name, or: standard)
        guard range.contains(number) else {
            throw fault(name, "must be between \(range.lowerBound) and \(range.upperBound)")
        }
        return number
    }

    func ratio(_ name: String, or standard: Double) throws -> Double {
        guard has(name) else { return standard }
        let text = try value(name, String.self)
        let ratio = text.hasSuffix("%") ? Double(text.dropLast()).map { $0 / 100 } : Double(text)
        guard let ratio, (0...1).contains(ratio) else { throw fault(name, "is not a ratio; for example 5% or 0.05") }
        return ratio
    }

    func duration(_ name: String, or standard: Duration) throws -> Duration {
        guard has(name) else { return standard }
        guard let duration = Duration(policyText: try value(name, String.self)) else {
            throw fault(name, "is not a duration; for example 500ms, 90s, 2m, 4h or 7d")
        }
        return duration
    }

    func choice<Choice: RawRepresentable & CaseIterable>(_ name: String, or standard: Choice) throws -> Choice
    where Choice.RawValue == String {
        guard has(name) else { return standard }
        guard let choice = Choice(rawValue: try value(name, String.self)) else {
            throw fault(name, "must be one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return choice
    }

    func identifier<ID: PlatformIdentifier>(_ name: String) throws -> ID {
        guard let id = ID(try value(name, String.self)) else { throw fault(name, "is not a valid id") }
        return id
    }

    func fault(_ name: String, _ reason: String) -> DecodingError {
        DecodingError.dataCorruptedError(forKey: Key(stringValue: name), in: container, debugDescription: reason)
    }
}

private struct WorldReader: Decodable {
    var world = WorldDescription()

    init(from decoder: any Decoder) throws {
        let fields = try Fields(
            decoder, "start", "key", "shapes", "pools", "twilio", "campaigns", "acts", "faults", "transit", "bounce_lag"
        )
        if fields.has("start") {
            guard let start = Instant(rfc3339: try fields.value("start", String.self)) else {
                throw fields.fault("start", "is not a date and time; for example 2026-12-01T09:00:00Z")
            }
            world.start = start
        }
        world.key = try fields.value("key", or: world.key)
        world.shapes = try fields.value("shapes", or: ShapesReader()).shapes
        // A world with only Twilio needs no Leadterra pools.
        world.pools =
            fields.has("twilio") && !fields.has("pools")
            ? [] : try fields.value("pools", [PoolReader].self).map(\.pool)
        world.twilio = try fields.value("twilio", or: TwilioReader()).twilio
        world.campaigns = try fields.value("campaigns", or: [CampaignReader]()).map(\.campaign)
        world.acts = try fields.value("acts", or: [ActReader]()).map(\.act)
        world.faults = try fields.value("faults", or: [FaultReader]()).map(\.rule)
        world.transit = try fields.duration("transit", or: world.transit)
        world.bounceLag = try fields.duration("bounce_lag", or: world.bounceLag)
        for (index, campaign) in world.campaigns.enumerated() {
            guard world.pools.contains(where: { $0.id == campaign.pool }) else {
                throw fields.fault(
                    "campaigns", "campaign \(index + 1) uses pool \(campaign.pool), which 'pools' does not list")
            }
        }
        guard Set(world.campaigns.map(\.id)).count == world.campaigns.count,
            Set(world.pools.map(\.id)).count == world.pools.count
        else { throw fields.fault("campaigns", "an id is used twice, under 'campaigns' or under 'pools'") }
    }
}

private struct ShapesReader: Decodable {
    var shapes = WorldDescription.Shapes()

    init() {}

    init(from decoder: any Decoder) throws {
        let fields = try Fields(
            decoder, "pools", "accounts", "create", "start", "pause", "errors", "replies", "pagination", "suppression",
            "no_leads")
        shapes.pools = try fields.choice("pools", or: shapes.pools)
        shapes.accounts = try fields.choice("accounts", or: shapes.accounts)
        shapes.create = try fields.choice("create", or: shapes.create)
        shapes.start = try fields.choice("start", or: shapes.start)
        shapes.pause = try fields.choice("pause", or: shapes.pause)
        shapes.errors = try fields.choice("errors", or: shapes.errors)
        shapes.replies = try fields.choice("replies", or: shapes.replies)
        shapes.pagination = try fields.choice("pagination", or: shapes.pagination)
        shapes.suppression = try fields.choice("suppression", or: shapes.suppression)
        shapes.noLeads = try fields.choice("no_leads", or: shapes.noLeads)
    }
}

private struct PoolReader: Decodable {
    var pool: WorldDescription.Pool

    init(from decoder: any Decoder) throws {
        let fields = try Fields(decoder, "id", "name", "capacity", "used", "window", "active", "warming", "paused")
        let id: PoolID = try fields.identifier("id")
        pool = WorldDescription.Pool(
            id: id, name: try fields.value("name", or: id.text), capacity: try fields.count("capacity", or: 1000))
        pool.used = try fields.count("used", or: 0)
        pool.window = try fields.choice("window", or: pool.window)
        pool.active = try fields.count("active", or: 1, 0...10_000)
        pool.warming = try fields.count("warming", or: 0, 0...10_000)
        pool.paused = try fields.count("paused", or: 0, 0...10_000)
    }
}

private struct TwilioReader: Decodable {
    private struct Pool: Decodable {
        var pool: TwilioDescription.Pool

        init(from decoder: any Decoder) throws {
            let fields = try Fields(decoder, "name", "tags", "active", "deactivated", "channel", "age")
            pool = TwilioDescription.Pool(name: try fields.value("name"))
            pool.tags = try fields.value("tags", or: [:])
            pool.active = try fields.count("active", or: 1, 0...100_000)
            pool.deactivated = try fields.count("deactivated", or: 0, 0...100_000)
            pool.channel = try fields.choice("channel", or: .email)
            pool.age = try fields.duration("age", or: pool.age)
        }
    }

    var twilio = TwilioDescription()

    init() {}

    init(from decoder: any Decoder) throws {
        let fields = try Fields(decoder, "keys", "pools", "spare", "operation_takes", "failures")
        twilio.keys = try fields.value("keys", or: twilio.keys)
        twilio.pools = try fields.value("pools", or: [Pool]()).map(\.pool)
        twilio.spare = try fields.count("spare", or: twilio.spare, 0...100_000)
        twilio.operationTakes = try fields.duration("operation_takes", or: twilio.operationTakes)
        twilio.failures = try fields.ratio("failures", or: 0)
    }
}

private struct CampaignReader: Decodable {
    private struct Turn: Decodable {
        var after: Int
        var bounceRate: Double

        init(from decoder: any Decoder) throws {
            let fields = try Fields(decoder, "after", "bounce_rate")
            after = try fields.count("after", or: 0)
            bounceRate = try fields.ratio("bounce_rate", or: 0.1)
        }
    }

    var campaign: WorldDescription.Campaign

    init(from decoder: any Decoder) throws {
        let fields = try Fields(
            decoder, "id", "name", "pool", "status", "leads", "steps", "delay", "rate", "bounce_rate", "turns_bad",
            "open_rate", "reply_rate", "unsubscribe_share", "sent", "bounced")
        let id: CampaignID = try fields.identifier("id")
        campaign = WorldDescription.Campaign(
            id: id, name: try fields.value("name", or: id.text), pool: try fields.identifier("pool"))
        campaign.status = try fields.choice("status", or: campaign.status)
        campaign.leads = try fields.count("leads", or: 0, 0...1_000_000)
        campaign.steps = try fields.count("steps", or: 1, 0...50)
        campaign.delay = try fields.duration("delay", or: campaign.delay)
        campaign.rate = try fields.number("rate", or: campaign.rate, 0...1_000_000)
        campaign.bounceRate = try fields.ratio("bounce_rate", or: campaign.bounceRate)
        if fields.has("turns_bad") {
            let turn = try fields.value("turns_bad", Turn.self)
            campaign.turnsBad = (turn.after, turn.bounceRate)
        }
        campaign.openRate = try fields.ratio("open_rate", or: campaign.openRate)
        campaign.replyRate = try fields.ratio("reply_rate", or: campaign.replyRate)
        campaign.unsubscribeShare = try fields.ratio("unsubscribe_share", or: campaign.unsubscribeShare)
        campaign.sent = try fields.count("sent", or: 0)
        campaign.bounced = try fields.count("bounced", or: 0)
        guard campaign.sent <= campaign.leads, campaign.bounced <= campaign.sent else {
            throw fields.fault("sent", "must be at least 'bounced' and at most 'leads'")
        }
        guard campaign.sent == 0 || campaign.status != .draft else {
            throw fields.fault("sent", "must be 0 for a draft")
        }
    }
}

private struct ActReader: Decodable {
    private enum Kind: String, CaseIterable {
        case start, pause, enroll, reset, status
        case removeSender = "remove_sender"
        case restoreSenders = "restore_senders"
        case setSender = "set_sender"
    }

    var act: WorldDescription.Act

    init(from decoder: any Decoder) throws {
        let fields = try Fields(
            decoder, "at", "do", "campaign", "leads", "account", "status", "pool", "sender", "sender_status")
        let at = try fields.duration("at", or: .zero)
        guard fields.has("do") else {
            throw fields.fault(
                "do",
                "is missing; write start, pause, enroll, reset, status, remove_sender, restore_senders or set_sender")
        }
        let action: WorldDescription.Act.Action
        switch try fields.choice("do", or: Kind.start) {
        case .start: action = .start(try fields.identifier("campaign"))
        case .pause: action = .pause(try fields.identifier("campaign"))
        case .enroll:
            action = .enroll(
                try fields.identifier("campaign"), leads: try fields.count("leads", or: 100, 1...1_000_000))
        case .reset: action = .reset(try fields.identifier("campaign"))
        case .status: action = .setStatus(try fields.identifier("account"), try fields.choice("status", or: .paused))
        case .removeSender:
            action = .removeSender(pool: try fields.value("pool"), try fields.count("sender", or: 0))
        case .restoreSenders: action = .restoreSenders(pool: try fields.value("pool"))
        case .setSender:
            action = .setSender(
                pool: try fields.value("pool"), try fields.count("sender", or: 0),
                try fields.choice("sender_status", or: .deactivated))
        }
        act = WorldDescription.Act(at: at, action)
    }
}

/// A fault rule, in a world file or in a request to the simulator.
struct FaultReader: Decodable {
    var rule: FaultRule

    init(from decoder: any Decoder) throws {
        let fields = try Fields(
            decoder, "kind", "endpoint", "campaign", "from", "until", "probability", "times", "wait")
        guard fields.has("kind") else {
            throw fields.fault(
                "kind", "is missing; write one of \(FaultRule.Kind.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        rule = FaultRule(try fields.choice("kind", or: .error500))
        rule.endpoint = try fields.choice("endpoint", or: .any)
        if fields.has("campaign") { rule.campaign = try fields.identifier("campaign") }
        rule.from = try fields.duration("from", or: .zero)
        if fields.has("until") { rule.until = try fields.duration("until", or: .zero) }
        rule.probability = try fields.ratio("probability", or: 1)
        if fields.has("times") { rule.times = try fields.count("times", or: 1) }
        rule.wait = try fields.duration("wait", or: rule.wait)
    }
}
