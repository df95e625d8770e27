/// The behavior of each campaign of a benchmark; times are seconds since its start.
struct Trace: Codable {
    struct Campaign: Codable {
        /// A period.
        struct Span: Codable {
            var from: Double
            var to: Double

            func contains(_ time: Double) -> Bool { from <= time && time < to }
        }

        struct Fault: Codable {
            enum Kind: String, Codable {
                /// The connection is closed without a response.
                case drop
                /// HTTP 500.
                case error
            }

            var span: Span
            var kind: Kind
        }

        var id: String
        /// Emails sent before the start, all of them resolved.
        var sent: Double
        var perMinute: Double
        /// Periods with a bounce rate of 30 %; it is 1 % otherwise.
        var breaches: [Span] = []
        /// When its counters restart.
        var resetAt: Double?
        var faults: [Fault] = []
    }

    var campaigns: [Campaign]
}

extension Trace.Campaign {
    func isBreaching(at time: Double) -> Bool { breaches.contains { $0.contains(time) } }

    /// The counters at that time.
    func counters(at time: Double) -> (sent: Int, bounced: Int) {
        let reset = resetAt.flatMap { $0 <= time ? $0 : nil }
        let sent = (reset == nil ? sent : 60) + perMinute / 60 * (time - (reset ?? 0))
        return (Int(sent), Int(sent * (isBreaching(at: time) ? 0.3 : 0.01)))
    }
}
