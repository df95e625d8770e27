import Model

/// A kind of list whose true bounce rate is known.
struct ListKind {
    static let limit = 0.05
    static let emails = 2000

    var name: String
    /// The true bounce rate, until the list turns bad.
    var rateAtFirst: Double
    var turnsBad: (after: Int, rate: Double)?
    var bounceLag: Duration = .seconds(120)
    /// So many emails in a row bounce together; the true rate stays the same.
    var bounceRun = 1
    /// Emails per hour, and at most so many in a day; nil sends around the clock.
    var rate = 120.0
    var perDay: Int?

    /// How long it takes until every outcome is known.
    var minutes: Int {
        let nights = perDay.map { (ListKind.emails - 1) / $0 } ?? 0
        return Int(Double(ListKind.emails) / rate * 60) + nights * 24 * 60 + Int(bounceLag.seconds / 60) + 30
    }

    /// True if the true rate never exceeds the limit.
    var isHealthy: Bool { rateAtFirst <= ListKind.limit && turnsBad == nil }

    /// The expected bounces of that many emails beyond the limit.
    func excess(of sent: Double) -> Double {
        guard let turnsBad else { return max(0, rateAtFirst - ListKind.limit) * sent }
        return max(0, sent - Double(turnsBad.after)) * max(0, turnsBad.rate - ListKind.limit)
    }

    static let all: [ListKind] =
        [0.01, 0.02, 0.03, 0.05, 0.08, 0.1, 0.2].map { rate in
            ListKind(name: "\(Ratio(rate).description)", rateAtFirst: rate)
        } + [
            ListKind(name: "3 %, bounces in runs of 5", rateAtFirst: 0.03, bounceRun: 5),
            ListKind(name: "3 %, bounces reported 3 h late", rateAtFirst: 0.03, bounceLag: .seconds(3 * 3600)),
            ListKind(
                name: "3 %, sent in 4 h a day, bounces reported 3 h late", rateAtFirst: 0.03,
                bounceLag: .seconds(3 * 3600), rate: 250, perDay: 1000),
            ListKind(name: "1 %, then 20 % after 1,000 emails", rateAtFirst: 0.01, turnsBad: (1000, 0.2)),
            ListKind(name: "10 %, bounces reported 3 h late", rateAtFirst: 0.1, bounceLag: .seconds(3 * 3600)),
            ListKind(
                name: "10 %, sent in 4 h a day, bounces reported 3 h late", rateAtFirst: 0.1,
                bounceLag: .seconds(3 * 3600), rate: 250, perDay: 1000),
            ListKind(name: "10 %, bounces in runs of 5", rateAtFirst: 0.1, bounceRun: 5),
        ]
}
