import Model

/// A count in a response: an integer of at least 0; anything else is undocumented.
struct WireCount: Decodable {
    /// Far above any campaign, far below an overflow of sums.
    static let largest = 1_000_000_000_000

    var value: Int

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let number = try container.decode(Double.self)
        guard number >= 0, number <= Double(WireCount.largest), number == number.rounded() else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a count")
        }
        value = Int(number)
    }
}

/// The response of `GET /v1/campaigns/:id/stats`.
struct StatsWire: Decodable {
    var stats: CampaignStats
    var campaignID: String?

    private enum Key: String, CodingKey {
        case campaignId, totalEnrolled, sent, delivered, bounced, replied, queued, openRate, replyRate
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        func count(_ key: Key) throws -> Int? { try fields.decodeIfPresent(WireCount.self, forKey: key)?.value }
        // A rate out of range is unknown, but the counters are still used.
        func rate(_ key: Key) -> Double? {
            (try? fields.decodeIfPresent(Double.self, forKey: key)).flatMap { (0...1).contains($0) ? $0 : nil }
        }
        campaignID = try fields.decodeIfPresent(String.self, forKey: .campaignId)
        stats = CampaignStats(
            totalEnrolled: try count(.totalEnrolled), sent: try count(.sent), delivered: try count(.delivered),
            bounced: try count(.bounced), replied: try count(.replied), queued: try count(.queued),
            openRate: rate(.openRate), replyRate: rate(.replyRate))
    }
}

/// One pool, in any of the four documented formats.
struct PoolWire: Decodable {
    var pool: SenderPool

    private enum Key: String, CodingKey {
        case id, name, dailyCapacity, remainingVolume, remainingToday, resetAt, senderAccountIds, senderCount
        case senderAccountCount, activeSenderAccountCount
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        func count(_ key: Key) throws -> Int? { try fields.decodeIfPresent(WireCount.self, forKey: key)?.value }
        guard let id = PoolID(try fields.decode(String.self, forKey: .id)) else {
            throw DecodingError.dataCorruptedError(forKey: .id, in: fields, debugDescription: "not an id")
        }
        let accounts = (try? fields.decodeIfPresent([String].self, forKey: .senderAccountIds)) ?? nil
        let resetAt = (try? fields.decodeIfPresent(String.self, forKey: .resetAt)) ?? nil
        let senders = try count(.senderCount) ?? count(.senderAccountCount)
        let (volume, today) = (try count(.remainingVolume), try count(.remainingToday))
        // Both names mean the same field.
        let agree = volume == nil || today == nil || volume == today
        pool = SenderPool(
            id: id, name: (try? fields.decodeIfPresent(String.self, forKey: .name)) ?? nil,
            dailyCapacity: try count(.dailyCapacity),
            remainingVolume: agree ? volume ?? today : nil,
            resetAt: resetAt.flatMap { Instant(rfc3339: $0) }, senderAccountIDs: accounts?.compactMap { AccountID($0) },
            senderCount: senders ?? accounts?.count, activeSenderCount: try count(.activeSenderAccountCount))
        if let volume, let today, !agree {
            pool.contradiction = "remainingVolume \(volume) and remainingToday \(today) differ"
        }
    }
}

/// `GET /v1/sender-pools`: a bare array, or an object with `data` (one pool or several), `pools` or `senderPools`.
struct PoolsWire: Decodable {
    var pools: [SenderPool]

    private enum Key: String, CodingKey {
        case data, pools, senderPools
    }

    init(from decoder: any Decoder) throws {
        if let fields = try? decoder.container(keyedBy: Key.self) {
            for key in [Key.pools, .senderPools, .data] where fields.contains(key) {
                if key == .data, let single = try? fields.decode(PoolWire.self, forKey: key) {
                    pools = [single.pool]
                } else {
                    pools = try fields.decode([PoolWire].self, forKey: key).map(\.pool)
                }
                return
            }
            throw DecodingError.keyNotFound(
                Key.pools, .init(codingPath: decoder.codingPath, debugDescription: "no pools"))
        }
        pools = try [PoolWire](from: decoder).map(\.pool)
    }
}

/// `GET /v1/sender-accounts`: a bare array, or an object with `data`.
struct AccountsWire: Decodable {
    var accounts: [SenderAccount]

    private enum Key: String, CodingKey {
        case data
    }

    private struct Account: Decodable {
        var id: String
        var status: String?
    }

    init(from decoder: any Decoder) throws {
        let wires: [Account]
        if let fields = try? decoder.container(keyedBy: Key.self) {
            wires = try fields.decode([Account].self, forKey: .data)
        } else {
            wires = try [Account](from: decoder)
        }
        accounts = try wires.map { wire in
            guard let id = AccountID(wire.id) else {
                throw DecodingError.dataCorrupted(
                    .init(codingPath: decoder.codingPath, debugDescription: "not an id"))
            }
            let status: SenderAccount.Status =
                switch wire.status?.lowercased() {
                case "active": .active
                case "paused": .paused
                case "warming": .warming
                default: .other
                }
            return SenderAccount(id: id, status: status)
        }
    }
}

/// The response to a start or a pause: flat, or wrapped in `campaign`.
struct ActionWire: Decodable {
    var id: String?
    var status: String
    var pausedAt: Instant?
    var startedAt: Instant?

    private enum Key: String, CodingKey {
        case campaign, id, status, pausedAt, startedAt
    }

    init(from decoder: any Decoder) throws {
        var fields = try decoder.container(keyedBy: Key.self)
        if fields.contains(.campaign) { fields = try fields.nestedContainer(keyedBy: Key.self, forKey: .campaign) }
        func instant(_ key: Key) -> Instant? {
            ((try? fields.decodeIfPresent(String.self, forKey: key)) ?? nil).flatMap { Instant(rfc3339: $0) }
        }
        id = try fields.decodeIfPresent(String.self, forKey: .id)
        status = try fields.decode(String.self, forKey: .status)
        (pausedAt, startedAt) = (instant(.pausedAt), instant(.startedAt))
    }
}

/// An error body in any format: `{"error":{"code"}}`, `{"code"}` or `{"error":"code"}`; others have no code.
struct ErrorWire: Decodable {
    var code: String?

    private enum Key: String, CodingKey {
        case error, code
    }

    init(from decoder: any Decoder) throws {
        guard let fields = try? decoder.container(keyedBy: Key.self) else { return }
        let nested = try? fields.nestedContainer(keyedBy: Key.self, forKey: .error)
        let candidates = [
            try? nested?.decode(String.self, forKey: .code), try? fields.decode(String.self, forKey: .code),
            try? fields.decode(String.self, forKey: .error),
        ]
        code = candidates.compactMap { $0 }.first { MachineCode.isOne($0) }
    }
}
