import Ledger
import Model

/// A report's charts as SVG: scaled to their container, styled by the page, with titles for screen readers.
struct ReportChart {
    private static let width = 720.0
    private static let height = 220.0
    // Room for labels in the large type of small screens.
    private static let (left, right, top, bottom) = (92.0, 12.0, 26.0, 36.0)

    var from: Instant
    var until: Instant

    private func x(_ at: Instant) -> Double {
        let share = (at - from) / (until - from)
        return ReportChart.left + min(1, max(0, share)) * (ReportChart.width - ReportChart.left - ReportChart.right)
    }

    private func y(_ value: Double, _ highest: Double) -> Double {
        let inner = ReportChart.height - ReportChart.top - ReportChart.bottom
        return ReportChart.top + (1 - min(1, max(0, value / highest))) * inner
    }

    private func text(_ value: Double) -> String { DecimalText.shortest(value, decimals: 1) }

    // MARK: Campaigns

    func svg(_ campaign: ReportData.Campaign, number: Int) -> String {
        let peak = campaign.rates.map(\.rate).max() ?? 0
        let highest = max(peak, campaign.limit ?? 0, 0.01) * 1.25
        var parts: [String] = []
        for pause in campaign.pauses { parts.append(span(pause, "paused", "paused")) }
        for probation in campaign.probations { parts.append(span(probation, "probation", "on probation")) }
        parts += axes(highest) { Ratio($0).description }
        if let limit = campaign.limit {
            let height = text(y(limit, highest))
            parts.append(
                "<line class=\"limit\" x1=\"\(text(ReportChart.left))\" x2=\"\(text(ReportChart.width - ReportChart.right))\" "
                    + "y1=\"\(height)\" y2=\"\(height)\"/>"
                    + "<text class=\"limit-label\" x=\"\(text(ReportChart.width - ReportChart.right))\" "
                    + "y=\"\(text(y(limit, highest) - 4))\" text-anchor=\"end\">limit \(Ratio(limit))</text>")
        }
        parts.append(line(campaign.rates, highest))
        for mark in campaign.marks { parts.append(self.mark(mark)) }
        let title =
            "Bounce rate of \(campaign.name ?? campaign.id.text) within \(campaign.window.policyText), against its limit"
        let description =
            "Peak \(Ratio(peak)); \(campaign.pauses.count) pause\(campaign.pauses.count == 1 ? "" : "s"). "
            + campaign.marks.map { "\($0.at.toSecond): \($0.text)." }.joined(separator: " ")
        return svg(parts, "campaign-\(number)", title, description)
    }

    private func span(_ range: ClosedRange<Instant>, _ style: String, _ title: String) -> String {
        let (start, end) = (x(range.lowerBound), x(range.upperBound))
        return "<rect class=\"\(style)\" x=\"\(text(start))\" y=\"\(text(ReportChart.top))\" "
            + "width=\"\(text(max(1.5, end - start)))\" "
            + "height=\"\(text(ReportChart.height - ReportChart.top - ReportChart.bottom))\"><title>\(title)</title></rect>"
    }

    /// The line has a gap where samples are missing.
    private func line(_ rates: [(at: Instant, rate: Double)], _ highest: Double) -> String {
        let longest = (until - from) / 40
        var path = ""
        var last: Instant?
        for point in rates {
            let isGap = last.map { point.at - $0 > longest } ?? true
            path += "\(isGap ? "M" : "L")\(text(x(point.at))) \(text(y(point.rate, highest)))"
            last = point.at
        }
        return "<path class=\"rate\" d=\"\(path)\"/>"
    }

    private func mark(_ mark: ReportData.Mark) -> String {
        let (at, base) = (x(mark.at), ReportChart.height - ReportChart.bottom)
        let shape =
            switch mark.kind {
            case .paused:
                "M\(text(at - 5)) \(text(base - 12))h3.4v12h-3.4zM\(text(at + 1.6)) \(text(base - 12))h3.4v12h-3.4z"
            case .wouldPause: "M\(text(at - 5)) \(text(base - 12))h10v12h-10z"
            case .resumed, .started: "M\(text(at - 4)) \(text(base - 12))l10 6l-10 6z"
            case .override: "M\(text(at)) \(text(base - 13))l6 6.5l-6 6.5l-6 -6.5z"
            case .probationPassed: "M\(text(at - 6)) \(text(base - 6))l4 5l8 -10"
            case .relapsed: "M\(text(at - 5)) \(text(base - 11))l10 10m0 -10l-10 10"
            case .order: "M\(text(at - 5)) \(text(base - 1))l5 -11l5 11z"
            }
        return
            "<path class=\"mark \(mark.kind.rawValue)\" d=\"\(shape)\"><title>\(MarkupText.escaped("\(mark.at.toSecond) \(mark.text)"))</title></path>"
    }

    // MARK: Pools

    func svg(_ pool: ReportData.Pool, number: Int) -> String {
        let capacity = pool.samples.compactMap(\.capacity).max() ?? pool.samples.compactMap(\.remaining).max() ?? 1
        let highest = Double(max(1, capacity)) * 1.08
        var parts: [String] = []
        parts.append(area(pool.samples.map { ($0.at, Double($0.remaining ?? 0)) }, highest, "available"))
        parts.append(
            area(
                pool.samples.map { ($0.at, Double(min($0.reserved, $0.remaining ?? 0))) }, highest, "reserved"))
        parts += axes(highest) { text(($0).rounded()) }
        let least = pool.samples.compactMap(\.remaining).min() ?? 0
        let most = pool.samples.map(\.reserved).max() ?? 0
        return svg(
            parts, "pool-\(number)", "Volume left in pool \(pool.id), and reserved volume",
            "Capacity \(capacity) per day; at least \(least) left, at most \(most) reserved.")
    }

    private func area(_ values: [(at: Instant, value: Double)], _ highest: Double, _ style: String) -> String {
        guard let first = values.first, let last = values.last else { return "" }
        let base = text(ReportChart.height - ReportChart.bottom)
        var path = "M\(text(x(first.at))) \(base)"
        var before = first.value
        for point in thinned(values) {
            path +=
                "L\(text(x(point.at))) \(text(y(before, highest)))L\(text(x(point.at))) \(text(y(point.value, highest)))"
            before = point.value
        }
        return "<path class=\"\(style)\" d=\"\(path)L\(text(x(last.at))) \(base)z\"/>"
    }

    /// At most about 400 points, which is all that the chart's width can show.
    private func thinned(_ values: [(at: Instant, value: Double)]) -> [(at: Instant, value: Double)] {
        let step = max(1, values.count / 400)
        return values.enumerated().filter { $0.offset % step == 0 || $0.offset == values.count - 1 }.map(\.element)
    }

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

    private func axes(_ highest: Double, _ label: (Double) -> String) -> [String] {
        var parts: [String] = []
        for value in ReportChart.ticks(highest) {
            let height = y(value, highest)
            parts.append(
                "<line class=\"grid\" x1=\"\(text(ReportChart.left))\" x2=\"\(text(ReportChart.width - ReportChart.right))\" "
                    + "y1=\"\(text(height))\" y2=\"\(text(height))\"/>"
                    + "<text x=\"\(text(ReportChart.left - 6))\" y=\"\(text(height + 4))\" text-anchor=\"end\">"
                    + "\(label(value))</text>")
        }
        let isLong = until - from > .seconds(2 * 86400)
        for step in 0...4 {
            let at = from + (until - from) * step / 4
            let label = isLong ? String(at.date.dropFirst(5)) : at.clockTime
            let anchor = step == 0 ? "start" : step == 4 ? "end" : "middle"
            // Small screens have room for every other label only.
            let style = step % 2 == 1 ? " class=\"minor\"" : ""
            parts.append(
                "<text\(style) x=\"\(text(x(at)))\" y=\"\(text(ReportChart.height - 8))\" text-anchor=\"\(anchor)\">\(label)</text>"
            )
        }
        return parts
    }

    private func svg(_ parts: [String], _ id: String, _ title: String, _ description: String) -> String {
        """
        <svg role="img" aria-labelledby="\(id)-t \(id)-d" viewBox="0 0 \(text(ReportChart.width)) \(text(ReportChart.height))" preserveAspectRatio="xMidYMid meet">
        <title id="\(id)-t">\(MarkupText.escaped(title))</title>
        <desc id="\(id)-d">\(MarkupText.escaped(description))</desc>
        \(parts.joined(separator: "\n"))
        </svg>
        """
    }
}
