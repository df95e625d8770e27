import Model
import Yams

/// Reads `start_limit:` and `circuit_breaker:`, and `belt:`, the deprecated key that held both.
struct LimitReader {
    static let deprecatedKey = "belt"
    private static let periods: ClosedRange<Duration> = .seconds(1)...(.seconds(86400))

    /// The values of ``CircuitBreakerSettings/Pauses`` as the deprecated key spells them.
    private enum BeltPauses: String, CaseIterable {
        case go, stop

        var current: CircuitBreakerSettings.Pauses {
            switch self {
            case .go: .continue
            case .stop: .stop
            }
        }
    }

    let reader: FieldReader

    init(_ reader: FieldReader) {
        self.reader = reader
    }

    func limits(_ fields: Fields) -> (startLimit: StartLimit, circuitBreaker: CircuitBreakerSettings) {
        guard let belt = fields[LimitReader.deprecatedKey] else {
            return (startLimit(fields["start_limit"]), circuitBreaker(fields["circuit_breaker"]))
        }
        let replacements = ["start_limit", "circuit_breaker"].filter { fields[$0] != nil }
        if let first = replacements.first {
            reader.error(
                "'belt' and '\(first)' cannot be used together",
                help: "remove 'belt': start_limit and circuit_breaker replace it",
                at: fields.key(LimitReader.deprecatedKey))
        }
        return deprecated(belt, key: fields.key(LimitReader.deprecatedKey), warns: replacements.isEmpty)
    }

    private func startLimit(_ node: Node?) -> StartLimit {
        var limit = StartLimit.standard
        guard let node, let parts = reader.fields(node, of: "start_limit", known: ["share", "per"]) else {
            return limit
        }
        if let share = parts["share"].flatMap({ reader.ratio($0, "share") }) { limit.share = Ratio(share) }
        if let per = period(parts) { limit.per = per }
        return limit
    }

    private func circuitBreaker(_ node: Node?) -> CircuitBreakerSettings {
        var settings = CircuitBreakerSettings.standard
        guard let node, let parts = reader.fields(node, of: "circuit_breaker", known: ["pauses", "per"]) else {
            return settings
        }
        if let pauses: CircuitBreakerSettings.Pauses = parts["pauses"].flatMap({ reader.choice($0, "pauses") }) {
            settings.pauses = pauses
        }
        if let per = period(parts) { settings.per = per }
        return settings
    }

    private func deprecated(
        _ node: Node, key: Node, warns: Bool
    ) -> (startLimit: StartLimit, circuitBreaker: CircuitBreakerSettings) {
        var (limit, breaker) = (StartLimit.standard, CircuitBreakerSettings.standard)
        guard let parts = reader.fields(node, of: "belt", known: ["starts", "per", "pauses"]) else {
            return (limit, breaker)
        }
        var (limitParts, breakerParts): ([String], [String]) = ([], [])
        if let node = parts["starts"], let share = reader.ratio(node, "starts") {
            limit.share = Ratio(share)
            limitParts.append("share: \(node.scalar?.string ?? "")")
        }
        if let node = parts["pauses"], let pauses: BeltPauses = reader.choice(node, "pauses") {
            breaker.pauses = pauses.current
            breakerParts.append("pauses: \(pauses.current.rawValue)")
        }
        if let per = period(parts) {
            (limit.per, breaker.per) = (per, per)
            limitParts.append("per: \(per.policyText)")
            breakerParts.append("per: \(per.policyText)")
        }
        let written = [("start_limit", limitParts), ("circuit_breaker", breakerParts)].filter { !$0.1.isEmpty }.map {
            "\($0.0): {\($0.1.joined(separator: ", "))}"
        }
        if warns {
            reader.warning(
                "'belt' is deprecated",
                help: written.isEmpty ? "remove it" : "write \(written.joined(separator: " and ")) instead", at: key)
        }
        return (limit, breaker)
    }

    private func period(_ parts: Fields) -> Duration? {
        parts["per"].flatMap { reader.duration($0, "per", in: LimitReader.periods) }
    }
}
