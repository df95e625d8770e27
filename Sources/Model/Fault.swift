/// Why a request brought no usable answer.
///
/// Holds no body and no address, so that it may stand in any log.
package struct Fault: Error, Hashable, Sendable {
    /// What the guard must tell apart; everything else is in ``summary``.
    package enum Kind: String, Hashable, Sendable {
        /// No connection, no answer in time, a cut-off answer, or 5xx.
        case unreachable
        /// 401 or 403: the key is missing, wrong, or not allowed to do this.
        case unauthorized
        /// 429, or a 503 that names a time: asked to wait.
        case throttled
        /// 404 for something we named.
        case missing
        /// Another 4xx: the request was understood and refused, and has had no effect.
        case refused
        /// An answer that is not what any page documents.
        case unexpected
    }

    package var kind: Kind
    /// One clause for a person: `HTTP 503`, `connection refused`, `field "sent" is not a count`.
    package var summary: String
    /// The platform's machine code, where the body carried one: `no_leads_enrolled`.
    package var code: String?
    /// How long the platform asked to be left alone.
    package var retryAfter: Duration?
    /// True where the request never left, because an earlier answer asked to wait or too many requests wait already.
    package var isHeldBack = false
    /// False where the request certainly changed nothing: it never left, or was refused.
    package var mayHaveTakenEffect: Bool
    /// False where the platform wants the same request not to be sent again.
    package var isRepeatable: Bool

    package init(
        _ kind: Kind, _ summary: String, code: String? = nil, retryAfter: Duration? = nil,
        mayHaveTakenEffect: Bool? = nil, isRepeatable: Bool = true
    ) {
        self.kind = kind
        self.summary = summary
        self.code = code
        self.retryAfter = retryAfter
        self.isRepeatable = isRepeatable
        switch kind {
        case .unreachable, .unexpected: self.mayHaveTakenEffect = mayHaveTakenEffect ?? true
        case .unauthorized, .throttled, .missing, .refused: self.mayHaveTakenEffect = false
        }
    }
}

extension Fault: CustomStringConvertible {
    package var description: String { summary }
}
