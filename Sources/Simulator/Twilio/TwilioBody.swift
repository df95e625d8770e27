import FoundationEssentials
import Model

/// Parses request bodies strictly: nil if a body does not match the documentation.
enum TwilioBody {
    private static let nameMax = 256
    private static let tagsMax = 10

    struct Pool: Decodable {
        var name: String?
        var senders: [String]?
        var tags: [String: String]?

        private enum Key: String, CodingKey, CaseIterable { case name, senders, tags }

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: Key.self)
            // A present key must have a value; null is not one.
            func value<Value: Decodable>(_ key: Key, _ type: Value.Type) throws -> Value? {
                fields.contains(key) ? try fields.decode(type, forKey: key) : nil
            }
            name = try value(.name, String.self)
            senders = try value(.senders, [Reference].self)?.map(\.senderId)
            tags = try value(.tags, [String: String].self)
        }
    }

    private struct Reference: Decodable {
        var senderId: String
    }

    static func pool(_ body: [UInt8], requiresName: Bool) -> Pool? {
        guard let pool = try? JSONDecoder().decode(Pool.self, from: Data(body)) else { return nil }
        if requiresName, pool.name == nil { return nil }
        if !requiresName, pool.senders != nil { return nil }
        if let name = pool.name, !(1...nameMax).contains(name.unicodeScalars.count) { return nil }
        if let senders = pool.senders, !senders.allSatisfy({ TwilioIDs.isOne($0, of: "sender") }) { return nil }
        if let tags = pool.tags, !areTags(tags) { return nil }
        return pool
    }

    static func senders(_ body: [UInt8], max: Int) -> [String]? {
        guard let list = try? JSONDecoder().decode([Reference].self, from: Data(body)), (1...max).contains(list.count),
            list.allSatisfy({ TwilioIDs.isOne($0.senderId, of: "sender") })
        else { return nil }
        return list.map(\.senderId)
    }

    /// At most ten tags of unreserved characters; keys are not empty.
    private static func areTags(_ tags: [String: String]) -> Bool {
        func isText(_ text: String, _ range: ClosedRange<Int>) -> Bool {
            range.contains(text.unicodeScalars.count)
                && text.unicodeScalars.allSatisfy { scalar in
                    switch scalar {
                    case "a"..."z", "A"..."Z", "0"..."9", ".", "_", "~", "-": true
                    default: false
                    }
                }
        }
        return tags.count <= tagsMax && tags.allSatisfy { isText($0.key, 1...128) && isText($0.value, 0...256) }
    }
}
