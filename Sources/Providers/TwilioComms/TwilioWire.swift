import Model

/// The API's ids: a kind and 26 to 35 characters of Crockford's base 32.
enum TwilioID {
    static func pool(_ text: String) -> PoolID? { isOne(text, of: "senderpool") ? PoolID(text) : nil }

    static func sender(_ text: String) -> SenderID? { isOne(text, of: "sender") ? SenderID(text) : nil }

    static func operation(_ text: String) -> OperationID? { isOne(text, of: "operation") ? OperationID(text) : nil }

    private static func isOne(_ text: String, of kind: String) -> Bool {
        let prefix = "comms_\(kind)_"
        guard text.hasPrefix(prefix) else { return false }
        let rest = Array(text.utf8.dropFirst(prefix.utf8.count))
        guard (26...35).contains(rest.count), (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(rest[0]) else {
            return false
        }
        return rest.dropFirst().allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "h"), UInt8(ascii: "j"),
                UInt8(ascii: "k"), UInt8(ascii: "m"), UInt8(ascii: "n"), UInt8(ascii: "p")...UInt8(ascii: "t"),
                UInt8(ascii: "v")...UInt8(ascii: "z"):
                true
            default: false
            }
        }
    }
}

/// The longest text that is read from a response; longer texts are truncated, as they are only displayed.
private let textMax = 256
/// The most tags that are read; the API allows ten.
private let tagsMax = 64

extension KeyedDecodingContainer {
    /// A text for display; nil if it is missing or not a text.
    fileprivate func name(_ key: Key) -> String? {
        ((try? decodeIfPresent(String.self, forKey: key)) ?? nil).map { String($0.prefix(textMax)) }
    }

    fileprivate func time(_ key: Key) -> Instant? {
        ((try? decodeIfPresent(String.self, forKey: key)) ?? nil).flatMap { Instant(rfc3339: $0) }
    }

    fileprivate func tags(_ key: Key) throws -> [String: String] {
        let tags = try decodeIfPresent([String: String].self, forKey: key) ?? [:]
        guard tags.count <= tagsMax else {
            throw DecodingError.dataCorruptedError(forKey: key, in: self, debugDescription: "too many tags")
        }
        return tags
    }

    fileprivate func count(_ key: Key) throws -> Int? { try decodeIfPresent(WireCount.self, forKey: key)?.value }

    fileprivate func id<ID>(_ key: Key, _ read: (String) -> ID?) throws -> ID {
        guard let id = read(try decode(String.self, forKey: key)) else {
            throw DecodingError.dataCorruptedError(forKey: key, in: self, debugDescription: "not an id")
        }
        return id
    }
}

/// The `pagination` of a list: `next` is absent, null or empty on the last page.
struct TwilioPaginationWire: Decodable {
    var next: String?

    private enum Key: String, CodingKey { case next }

    init() {}

    init(from decoder: any Decoder) throws {
        next = try decoder.container(keyedBy: Key.self).decodeIfPresent(String.self, forKey: .next)
        if next?.isEmpty == true { next = nil }
    }
}

struct TwilioPoolWire: Decodable {
    var pool: SenderPool

    private enum Key: String, CodingKey { case id, name, tags, createdAt, updatedAt }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        pool = SenderPool(
            id: try fields.id(.id, TwilioID.pool), name: fields.name(.name), tags: try fields.tags(.tags),
            createdAt: fields.time(.createdAt), updatedAt: fields.time(.updatedAt))
    }
}

struct TwilioPoolsWire: Decodable {
    var pools: [SenderPool]
    var pagination: TwilioPaginationWire

    private enum Key: String, CodingKey { case senderPools, pagination }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        pools = try fields.decode([TwilioPoolWire].self, forKey: .senderPools).map(\.pool)
        pagination = try fields.decodeIfPresent(TwilioPaginationWire.self, forKey: .pagination) ?? .init()
    }
}

struct TwilioSendersWire: Decodable {
    var senders: [PoolSender]
    var pagination: TwilioPaginationWire

    private enum Key: String, CodingKey { case senders, pagination }

    private struct Sender: Decodable {
        var sender: PoolSender

        private enum Key: String, CodingKey {
            case id, displayName, address, channel, status, tags, createdAt, updatedAt
        }

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: Key.self)
            sender = PoolSender(
                id: try fields.id(.id, TwilioID.sender), displayName: fields.name(.displayName),
                address: fields.name(.address), channel: fields.name(.channel).flatMap(PoolSender.Channel.init),
                status: fields.name(.status).flatMap(PoolSender.Status.init), tags: try fields.tags(.tags),
                createdAt: fields.time(.createdAt), updatedAt: fields.time(.updatedAt))
        }
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        senders = try fields.decode([Sender].self, forKey: .senders).map(\.sender)
        pagination = try fields.decodeIfPresent(TwilioPaginationWire.self, forKey: .pagination) ?? .init()
    }
}

struct TwilioOperationWire: Decodable {
    var operation: PoolOperation

    private enum Key: String, CodingKey { case id, status, stats, createdAt, updatedAt }
    private enum StatsKey: String, CodingKey { case total, queued, created, failed }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        operation = PoolOperation(
            id: try fields.id(.id, TwilioID.operation),
            status: try fields.id(.status, PoolOperation.Status.init(rawValue:)), createdAt: fields.time(.createdAt),
            updatedAt: fields.time(.updatedAt))
        guard fields.contains(.stats), try !fields.decodeNil(forKey: .stats) else { return }
        let stats = try fields.nestedContainer(keyedBy: StatsKey.self, forKey: .stats)
        operation.total = try stats.count(.total)
        operation.queued = try stats.count(.queued)
        operation.created = try stats.count(.created)
        operation.failed = try stats.count(.failed)
    }
}

/// The 202 response to a change: `operationId`, or `resourceId` with the operation in a header.
struct TwilioReceiptWire: Decodable {
    var operation: OperationID?

    private enum Key: String, CodingKey { case operationId }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        operation = ((try? fields.decodeIfPresent(String.self, forKey: .operationId)) ?? nil)
            .flatMap { TwilioID.operation($0) }
    }
}

/// `{"errors":[{"code","message","infoUrl","context"}]}`: the first code, which may be a number.
struct TwilioErrorWire: Decodable {
    var code: String?

    private enum Key: String, CodingKey { case errors }
    private enum ErrorKey: String, CodingKey { case code }

    init(from decoder: any Decoder) throws {
        guard let fields = try? decoder.container(keyedBy: Key.self),
            var errors = try? fields.nestedUnkeyedContainer(forKey: .errors),
            let error = try? errors.nestedContainer(keyedBy: ErrorKey.self)
        else { return }
        let text =
            (try? error.decode(String.self, forKey: .code))
            ?? (try? error.decode(Int.self, forKey: .code)).map(String.init)
        code = text.flatMap { MachineCode.isOne($0) ? $0 : nil }
    }
}

// MARK: Requests

struct TwilioSenderReference: Encodable {
    var senderId: String

    init(_ sender: SenderID) { senderId = sender.text }
}
