package import Ledger
package import Model

/// A pool's volume over time.
extension Chart {
    /// - Parameter number: distinguishes the charts of one page.
    package func svg(pool id: PoolID, _ samples: [PoolVolumeSample], number: Int) -> Html {
        let capacity = samples.compactMap(\.capacity).max() ?? samples.compactMap(\.remaining).max() ?? 1
        let highest = Double(max(1, capacity)) * 1.08
        var parts: [Html] = []
        parts.append(area(samples.map { ($0.at, Double($0.remaining ?? 0)) }, highest, "available"))
        parts.append(area(samples.map { ($0.at, Double(min($0.reserved, $0.remaining ?? 0))) }, highest, "reserved"))
        parts += axes(highest) { text(($0).rounded()) }
        let least = samples.compactMap(\.remaining).min() ?? 0
        let most = samples.map(\.reserved).max() ?? 0
        return svg(
            parts, "pool-\(number)", "Volume left in pool \(id), and reserved volume",
            "Capacity \(capacity) per day; at least \(least) left, at most \(most) reserved.")
    }

    private func area(_ values: [(at: Instant, value: Double)], _ highest: Double, _ style: String) -> Html {
        guard let first = values.first, let last = values.last else { return .nothing }
        let base = text(Chart.height - Chart.bottom)
        var path = "M\(text(x(first.at))) \(base)"
        var before = first.value
        for point in thinned(values) {
            path +=
                "L\(text(x(point.at))) \(text(y(before, highest)))L\(text(x(point.at))) \(text(y(point.value, highest)))"
            before = point.value
        }
        return Html("path", .class(style), .outline("\(path)L\(text(x(last.at))) \(base)z"))
    }

    /// At most about 400 points, which is all that the chart's width can show.
    private func thinned(_ values: [(at: Instant, value: Double)]) -> [(at: Instant, value: Double)] {
        let step = max(1, values.count / 400)
        return values.enumerated().filter { $0.offset % step == 0 || $0.offset == values.count - 1 }.map(\.element)
    }
}
