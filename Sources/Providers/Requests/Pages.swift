package import Model

/// One page of a list.
package struct Page<Item: Sendable>: Sendable {
    package var items: [Item]
    /// The token of the next page; nil on the last page.
    package var next: String?

    package init(items: [Item], next: String?) { (self.items, self.next) = (items, next) }
}

/// The pages of a list, one request each; only one page is in memory.
///
/// Iteration always ends: a repeated token, too many pages or too many entries are faults.
package struct Pages<Item: Sendable>: Sendable {
    package static var countMax: Int { 1000 }
    /// Ten times what one request can add to a pool; bounds the memory of callers that store entries.
    package static var itemsMax: Int { 100_000 }

    private let fetch: @Sendable (_ token: String?) async throws(Fault) -> Page<Item>
    private var token: String?
    private var seen: Set<String> = []
    private var count = 0
    private var itemCount = 0
    private var isAtEnd = false

    package init(_ fetch: @escaping @Sendable (_ token: String?) async throws(Fault) -> Page<Item>) {
        self.fetch = fetch
    }

    /// The next page; nil after the last.
    package mutating func next() async throws(Fault) -> [Item]? {
        guard !isAtEnd else { return nil }
        guard count < Self.countMax else {
            throw Fault(.unexpected, "list has more than \(Self.countMax) pages", mayHaveTakenEffect: false)
        }
        let page = try await fetch(token)
        count += 1
        itemCount += page.items.count
        guard itemCount <= Self.itemsMax else {
            throw Fault(.unexpected, "list has more than \(Self.itemsMax) entries", mayHaveTakenEffect: false)
        }
        token = page.next
        isAtEnd = page.next == nil
        if let next = page.next, !seen.insert(next).inserted {
            throw Fault(.unexpected, "page token repeats", mayHaveTakenEffect: false)
        }
        return page.items
    }
}
