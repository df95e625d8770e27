package import Model

/// A chart of a period as SVG: scaled to its container, styled by the page, with titles for screen readers.
package struct Chart: Sendable {
    static let width = 720.0
    static let height = 220.0
    // Room for labels in the large type of small screens.
    static let (left, right, top, bottom) = (92.0, 12.0, 26.0, 36.0)

    package var from: Instant
    package var until: Instant

    package init(from: Instant, until: Instant) { (self.from, self.until) = (from, until) }

    func x(_ at: Instant) -> Double {
        let share = (at - from) / (until - from)
        return Chart.left + min(1, max(0, share)) * (Chart.width - Chart.left - Chart.right)
    }

    func y(_ value: Double, _ highest: Double) -> Double {
        let inner = Chart.height - Chart.top - Chart.bottom
        return Chart.top + (1 - min(1, max(0, value / highest))) * inner
    }

    func text(_ value: Double) -> String { DecimalText.shortest(value, decimals: 1) }

    // MARK: Frame

    /// At most six round values from 0, in steps of 1, 2 or 5 times a power of ten.
    static func ticks(_ highest: Double) -> [Double] {
        guard highest > 0, highest.isFinite else { return [0] }
        let rough = highest / 5
        var unit = 1.0
        while unit > rough { unit /= 10 }
        while unit * 10 <= rough { unit *= 10 }
        let step = unit * ([1, 2, 5].first { unit * $0 >= rough } ?? 10)
        return (0...Int(highest / step)).map { Double($0) * step }
    }

    /// A horizontal line across the chart.
    func level(_ style: String, _ height: Double) -> Html {
        Html(
            "line", .class(style), .set("x1", text(Chart.left)), .set("x2", text(Chart.width - Chart.right)),
            .set("y1", text(height)), .set("y2", text(height)))
    }

    func axes(_ highest: Double, _ label: (Double) -> String) -> [Html] {
        var parts: [Html] = []
        for value in Chart.ticks(highest) {
            let height = y(value, highest)
            parts.append(level("grid", height))
            parts.append(
                Html(
                    "text", .set("x", text(Chart.left - 6)), .set("y", text(height + 4)), .set("text-anchor", "end")
                ) { label(value) })
        }
        for step in 0...4 {
            let at = from + (until - from) * step / 4
            let anchor = step == 0 ? "start" : step == 4 ? "end" : "middle"
            // Small screens have room for every other label only.
            let style: [HtmlAttribute] = step % 2 == 1 ? [.class("minor")] : []
            parts.append(
                Html(
                    "text",
                    style + [
                        .set("x", text(x(at))), .set("y", text(Chart.height - 8)), .set("text-anchor", anchor),
                    ]
                ) { timeLabel(at) })
        }
        return parts
    }

    /// As precise as the period needs, so that the labels differ.
    private func timeLabel(_ at: Instant) -> String {
        let period = until - from
        if period > .seconds(2 * 86400) { return String(at.date.dropFirst(5)) }
        return period < .seconds(600) ? String(at.toSecond.dropFirst(11)) : at.clockTime
    }

    func svg(_ parts: [Html], _ id: String, _ title: String, _ description: String) -> Html {
        Html(
            "svg", .set("role", "img"), .set("aria-labelledby", "\(id)-t \(id)-d"),
            .set("viewBox", "0 0 \(text(Chart.width)) \(text(Chart.height))"),
            .set("preserveAspectRatio", "xMidYMid meet")
        ) {
            Html("title", .set("id", "\(id)-t")) { title }
            Html("desc", .set("id", "\(id)-d")) { description }
            parts
        }
    }
}
