import Model
import Providers
import Testing

/// Iteration over pages always ends.
@Suite struct PagesTests {
    /// A list served from a table: each token leads to a page.
    private func pages(_ table: [String?: Page<Int>]) -> Pages<Int> {
        Pages { token throws(Fault) in
            guard let page = table[token] else { throw Fault(.missing, "HTTP 404") }
            return page
        }
    }

    private func all(_ pages: Pages<Int>) async throws(Fault) -> [Int] {
        var (pages, items) = (pages, [Int]())
        while let page = try await pages.next() { items += page }
        return items
    }

    @Test func pagesAreReadInOrderUntilTheLast() async throws {
        let list = pages([
            nil: Page(items: [1, 2], next: "b"), "b": Page(items: [], next: "c"), "c": Page(items: [3], next: nil),
        ])
        #expect(try await all(list) == [1, 2, 3])
        var over = list
        while try await over.next() != nil {}
        #expect(try await over.next() == nil)
    }

    @Test(
        arguments: [
            [nil: Page(items: [1], next: "a"), "a": Page(items: [1], next: "a")],
            [nil: Page(items: [1], next: "a"), "a": Page(items: [2], next: "b"), "b": Page(items: [1], next: "a")],
        ] as [[String?: Page<Int>]])
    func aRepeatedTokenIsAFault(_ table: [String?: Page<Int>]) async throws {
        let list = pages(table)
        let fault = await ClientBench.fault { () throws(Fault) in try await all(list) }
        #expect(fault?.kind == .unexpected)
        #expect(fault?.summary == "page token repeats")
        #expect(fault?.mayHaveTakenEffect == false)
    }

    @Test func tooManyEntriesAreAFault() async throws {
        let list = Pages<Int> { token throws(Fault) in
            let number = token.flatMap { Int($0) } ?? 0
            return Page(items: Array(repeating: number, count: 1000), next: String(number + 1))
        }
        let fault = await ClientBench.fault { () throws(Fault) in try await all(list) }
        #expect(fault?.summary == "list has more than 100000 entries")
    }

    @Test func tooManyPagesAreAFault() async throws {
        let list = Pages<Int> { token throws(Fault) in
            Page(items: [], next: String((token.flatMap { Int($0) } ?? 0) + 1))
        }
        let fault = await ClientBench.fault { () throws(Fault) in try await all(list) }
        #expect(fault?.summary == "list has more than 1000 pages")
    }
}
