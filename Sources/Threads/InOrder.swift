/// Works on items with at most `atOnce` of them at a time, and takes the results in the order of the items.
///
/// - Parameters:
///   - work: is cancelled for items under way once `take` returns false.
///   - take: returns false to begin and take nothing more.
package func inOrder<Item: Sendable, Value: Sendable>(
    _ items: [Item], atOnce: Int, _ work: @escaping @Sendable (Item) async -> Value,
    _ take: (Item, Value) -> Bool
) async {
    await withTaskGroup(of: (Int, Value).self) { group in
        var (next, taken) = (0, 0)
        var values: [Int: Value] = [:]
        func begin() {
            guard next < items.count else { return }
            group.addTask { [next] in (next, await work(items[next])) }
            next += 1
        }
        for _ in 0..<max(1, atOnce) { begin() }
        while let (index, value) = await group.next() {
            values[index] = value
            while let value = values.removeValue(forKey: taken) {
                guard take(items[taken], value) else { return group.cancelAll() }
                taken += 1
                begin()
            }
        }
    }
}
