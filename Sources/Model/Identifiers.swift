/// An identifier assigned by a platform; it becomes part of URL paths, so its characters are checked.
package protocol PlatformIdentifier: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    var text: String { get }
    init(unchecked text: String)
}

extension PlatformIdentifier {
    /// The longest accepted identifier, in characters; the platforms' identifiers stay below 50.
    package static var lengthMax: Int { 128 }

    /// Nil unless the text is 1…128 characters of `A-Z a-z 0-9 . _ ~ -` and not `.` or `..`.
    package init?(_ text: String) {
        guard (1...Self.lengthMax).contains(text.utf8.count), text != ".", text != "..",
            text.utf8.allSatisfy(isUnreserved)
        else { return nil }
        self.init(unchecked: text)
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let id = Self(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a valid id")
        }
        self = id
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    package var description: String { text }

    package static func < (left: Self, right: Self) -> Bool { left.text < right.text }
}

/// The characters that RFC 3986 calls unreserved: the same in a path whether encoded or not.
private func isUnreserved(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"),
        UInt8(ascii: "-"):
        true
    default: false
    }
}

/// A campaign's id, such as `camp_123`.
package struct CampaignID: PlatformIdentifier {
    package let text: String
    package init(unchecked text: String) { self.text = text }
}

/// A sender pool's id, such as `pool_01HABC`.
package struct PoolID: PlatformIdentifier {
    package let text: String
    package init(unchecked text: String) { self.text = text }
}

/// A sender account's id, such as `sa_1`.
package struct AccountID: PlatformIdentifier {
    package let text: String
    package init(unchecked text: String) { self.text = text }
}

/// The id of a sender within a pool, such as `comms_sender_01h9krwprkeee8fzqspvwy6nq8`.
package struct SenderID: PlatformIdentifier {
    package let text: String
    package init(unchecked text: String) { self.text = text }
}

/// The id of a change in progress, such as `comms_operation_01h9krwprkeee8fzqspvwy6nq8`.
package struct OperationID: PlatformIdentifier {
    package let text: String
    package init(unchecked text: String) { self.text = text }
}
