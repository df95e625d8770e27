import Model

/// A campaign's bounce rate against its limit, with its pauses and probations.
extension Chart {
    /// - Parameter number: distinguishes the charts of one page.
    package func svg(_ campaign: CampaignSeries, number: Int) -> Html {
        let peak = campaign.rates.map(\.rate).max() ?? 0
        let highest = max(peak, campaign.limit ?? 0, 0.01) * 1.25
        var parts: [Html] = []
        for pause in campaign.pauses { parts.append(span(pause, "paused", "paused")) }
        for probation in campaign.probations { parts.append(span(probation, "probation", "on probation")) }
        parts += axes(highest) { Ratio($0).description }
        if let limit = campaign.limit {
            parts.append(level("limit", y(limit, highest)))
            parts.append(
                Html(
                    "text", .class("limit-label"), .set("x", text(Chart.width - Chart.right)),
                    .set("y", text(y(limit, highest) - 4)), .set("text-anchor", "end")
                ) { "limit \(Ratio(limit))" })
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

    private func span(_ range: ClosedRange<Instant>, _ style: String, _ title: String) -> Html {
        let (start, end) = (x(range.lowerBound), x(range.upperBound))
        return Html(
            "rect", .class(style), .set("x", text(start)), .set("y", text(Chart.top)),
            .set("width", text(max(1.5, end - start))),
            .set("height", text(Chart.height - Chart.top - Chart.bottom))
        ) { Html("title") { title } }
    }

    /// The line has a gap where samples are missing.
    private func line(_ rates: [(at: Instant, rate: Double)], _ highest: Double) -> Html {
        let longest = (until - from) / 40
        var path = ""
        var last: Instant?
        for point in rates {
            let isGap = last.map { point.at - $0 > longest } ?? true
            path += "\(isGap ? "M" : "L")\(text(x(point.at))) \(text(y(point.rate, highest)))"
            last = point.at
        }
        return Html("path", .class("rate"), .outline(path))
    }

    private func mark(_ mark: CampaignSeries.Mark) -> Html {
        let (at, base) = (x(mark.at), Chart.height - Chart.bottom)
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
        return Html("path", .class("mark \(mark.kind.rawValue)"), .outline(shape)) {
            Html("title") { "\(mark.at.toSecond) \(mark.text)" }
        }
    }

    // MARK: Legend

    private static let legendEntries: [(style: String, outline: String, text: String)] = [
        ("mark paused", "M3 2h3v12h-3zM9 2h3v12h-3z", "paused by Sendwarden"),
        ("mark resumed", "M3 2l10 6l-10 6z", "resumed, started"),
        ("mark override", "M8 1l6 7l-6 7l-6 -7z", "override"),
        ("mark relapsed", "M3 3l10 10m0 -10l-10 10", "relapse"),
        ("mark probationPassed", "M2 8l4 5l8 -10", "probation passed"),
        ("mark order", "M3 14l5 -11l5 11z", "order"),
        ("mark wouldPause", "M3 2h9v12h-9z", "would pause"), ("paused", "M1 2h14v12h-14z", "while paused"),
        ("probation", "M1 2h14v12h-14z", "on probation"),
    ]

    /// The meaning of the marks and areas.
    package static var legend: Html {
        Html("ul", .class("legend"), .set("aria-label", "Legend")) {
            for entry in legendEntries {
                Html("li") {
                    key(entry.style, entry.outline)
                    " " + entry.text
                }
            }
        }
    }

    /// A small square in a chart's color.
    package static func key(_ style: String) -> Html { key(style, "M1 2h14v12h-14z") }

    private static func key(_ style: String, _ outline: String) -> Html {
        Html("svg", .class("key"), .set("viewBox", "0 0 16 16"), .set("aria-hidden", "true")) {
            Html("path", .class(style), .outline(outline))
        }
    }
}
