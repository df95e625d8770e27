import Model

/// `GET /v1/replies`: a bare array, or an object with `replies` and `pagination`, or with `data`.
struct RepliesWire: Decodable {
    struct Reply: Decodable {
        /// Nil if it has none; replies without an id count one by one.
        var id: String?
        var campaign: String?
        /// In lower case; nil if the reply has none, or one that is not text.
        var classification: String?

        private enum Key: String, CodingKey {
            case id, campaignId, classification
        }

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: Key.self)
            func text(_ key: Key) -> String? { (try? fields.decodeIfPresent(String.self, forKey: key)) ?? nil }
            id = text(.id) ?? (try? fields.decode(Int.self, forKey: .id)).map(String.init)
            (campaign, classification) = (text(.campaignId), text(.classification)?.lowercased())
        }
    }

    /// A campaign gets fewer replies than this; with the limit of the body, this bounds the memory of a read.
    static let entriesMax = 10_000

    var replies: [Reply] = []
    /// False unless the list certainly contains every reply, as far as the response shows.
    var isComplete: Bool

    private enum Key: String, CodingKey {
        case replies, data, pagination
    }

    init(from decoder: any Decoder) throws {
        let fields = try? decoder.container(keyedBy: Key.self)
        var list: any UnkeyedDecodingContainer =
            if let fields {
                try fields.nestedUnkeyedContainer(forKey: fields.contains(.replies) ? .replies : .data)
            } else {
                try decoder.unkeyedContainer()
            }
        while !list.isAtEnd, replies.count < RepliesWire.entriesMax { replies.append(try list.decode(Reply.self)) }
        isComplete = list.isAtEnd
        guard isComplete, let fields else { return }
        // Without a `pagination`, the same fields may be next to the list.
        let pagination = fields.contains(.pagination) ? try? fields.superDecoder(forKey: .pagination) : decoder
        let page = pagination.flatMap { Pagination($0, entries: replies.count) } ?? .init(isLast: false)
        isComplete = page.isLast ?? !fields.contains(.pagination)
    }
}

/// What the fields of a page say about further pages; the API does not document them, so these are customary ones.
private struct Pagination {
    private enum Key: String, CodingKey, CaseIterable {
        case hasMore, nextCursor, next, total, totalPages, pages
        case snakeHasMore = "has_more"
        case snakeNextCursor = "next_cursor"
    }

    /// True if at least one field says that no page follows, and none contradicts; nil if there is no such field.
    var isLast: Bool?

    init(isLast: Bool?) { self.isLast = isLast }

    /// Nil if the value is not an object.
    ///
    /// - Parameter entries: the number of entries on the page.
    init?(_ decoder: any Decoder, entries: Int) {
        guard let fields = try? decoder.container(keyedBy: Key.self) else { return nil }
        func count(_ key: Key) -> Int? { (try? fields.decode(WireCount.self, forKey: key))?.value }
        for key in Key.allCases where fields.contains(key) {
            let isLast =
                switch key {
                case .hasMore, .snakeHasMore: (try? fields.decode(Bool.self, forKey: key)) == false
                case .nextCursor, .snakeNextCursor, .next: (try? fields.decodeNil(forKey: key)) == true
                case .total: count(key) == entries
                case .totalPages, .pages: count(key).map { $0 <= 1 } ?? false
                }
            self.isLast = (self.isLast ?? true) && isLast
        }
    }
}
