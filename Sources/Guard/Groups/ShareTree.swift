import Model

/// The sum of what the campaigns of a group add, updated in logarithmic time.
///
/// Each node of the binary tree is the sum of its two children. The total thus depends only on what is counted, never
/// on earlier changes: rounding errors do not accumulate, as they would if shares were added and subtracted.
struct ShareTree: Sendable {
    private let columns: GroupColumns
    /// The number of leaves, a power of two; leaf `i` is node `leaves + i`, and node 1 is the total.
    private let leaves: Int
    /// The columns of each node, one node after the other.
    private var values: [Double]
    private var times: [Instant]
    private(set) var count = 0

    /// The time of what is not counted.
    private static let never = Instant(milliseconds: .max)

    init(_ columns: GroupColumns, places: Int) {
        self.columns = columns
        var leaves = 1
        while leaves < places { leaves *= 2 }
        self.leaves = leaves
        values = Array(repeating: 0, count: 2 * leaves * columns.count)
        times = Array(repeating: ShareTree.never, count: 2 * leaves)
    }

    /// The sum over everything counted; nil if nothing is.
    var total: GroupShare? { count == 0 ? nil : GroupShare(values: Array(values[columns.count..<2 * columns.count])) }

    func isCounted(_ place: Int) -> Bool { times[leaves + place] != ShareTree.never }

    /// What is counted at the place; nil if nothing is.
    subscript(place: Int) -> GroupShare? {
        guard isCounted(place) else { return nil }
        let start = (leaves + place) * columns.count
        return GroupShare(values: Array(values[start..<start + columns.count]))
    }

    /// Counts the share at the place instead of what was counted there; nil counts nothing.
    mutating func set(_ place: Int, _ share: GroupShare?, at time: Instant = Instant(milliseconds: 0)) {
        if isCounted(place) != (share != nil) { count += share == nil ? -1 : 1 }
        let width = columns.count
        var node = leaves + place
        times[node] = share == nil ? ShareTree.never : time
        for column in 0..<width { values[node * width + column] = share?.values[column] ?? 0 }
        while node > 1 {
            node /= 2
            times[node] = min(times[2 * node], times[2 * node + 1])
            for column in 0..<width {
                values[node * width + column] = combined(
                    column, values[2 * node * width + column], values[(2 * node + 1) * width + column])
            }
        }
    }

    /// The sum without what is counted at the place.
    func total(without place: Int) -> GroupShare {
        let width = columns.count
        var sum = Array(repeating: 0.0, count: width)
        var node = leaves + place
        while node > 1 {
            for column in 0..<width { sum[column] = combined(column, sum[column], values[(node ^ 1) * width + column]) }
            node /= 2
        }
        return GroupShare(values: sum)
    }

    private func combined(_ column: Int, _ left: Double, _ right: Double) -> Double {
        column < columns.addedCount ? left + right : max(left, right)
    }

    /// A place whose time is before `limit`; nil if there is none.
    func place(before limit: Instant) -> Int? {
        guard times[1] < limit else { return nil }
        var node = 1
        while node < leaves { node = times[2 * node] < limit ? 2 * node : 2 * node + 1 }
        return node - leaves
    }
}
