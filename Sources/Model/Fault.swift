/// Why a request failed or its response is unusable.
///
/// It contains no body and no address, so that it is safe to log.
package struct Fault: Error, Hashable, Sendable {
    /// The kinds that the guard distinguishes; details are in ``summary``.
    package enum Kind: String, Hashable, Sendable {
        /// No connection, a timeout, an incomplete response, or 5xx.
        case unreachable
        /// 401 or 403: the key is missing, invalid, or lacks permission.
        case unauthorized
        /// 429, or 503 with `Retry-After`.
        case throttled
        /// 404 for a campaign, pool or operation.
        case missing
        /// Any other 4xx: the request was refused and had no effect.
        case refused
        /// An undocumented response.
        case unexpected
    }

    package var kind: Kind
    /// A short description: `HTTP 503`, `connection refused`, `field "sent" is missing`.
    package var summary: String
    /// The platform's error code, if the body has one: `no_leads_enrolled`.
    package var code: String?
    /// The platform's `Retry-After`.
    package var retryAfter: Duration?
    /// True if the request was not sent, because a `Retry-After` is in effect or too many requests wait.
    package var isHeldBack = false
    /// False if the request certainly had no effect: it was not sent, or was refused.
    package var mayHaveTakenEffect: Bool
    /// False if the platform's documentation forbids retrying the request.
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
