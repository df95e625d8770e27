import Model

/// A kind of list, of which the truth is known.
struct ListKind {
    static let limit = 0.05
    static let mails = 2000
    static let rate = 120.0

    var name: String
    /// The true share that bounces, and from which mail on another.
    var rateAtFirst: Double
    var turnsBad: (after: Int, rate: Double)?
    var bounceLag: Duration = .seconds(120)

    /// It never bounces more than the limit, in truth.
    var isHealthy: Bool { rateAtFirst <= ListKind.limit && turnsBad == nil }

    /// The bounces beyond the limit of so many mails, in expectation.
    func excess(of sent: Double) -> Double {
        guard let turnsBad else { return max(0, rateAtFirst - ListKind.limit) * sent }
        return max(0, sent - Double(turnsBad.after)) * max(0, turnsBad.rate - ListKind.limit)
    }

    static let all: [ListKind] =
        [0.01, 0.02, 0.03, 0.05, 0.08, 0.1, 0.2].map { rate in
            ListKind(name: "\(Ratio(rate).description)", rateAtFirst: rate)
        } + [
            ListKind(name: "1 %, then 20 % from mail 1,000 on", rateAtFirst: 0.01, turnsBad: (1000, 0.2)),
            ListKind(name: "10 %, bounces come 3 h late", rateAtFirst: 0.1, bounceLag: .seconds(3 * 3600)),
        ]
}
