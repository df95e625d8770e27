package import Model

/// A fault that the simulator injects.
package struct FaultRule: Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        /// 429 with `Retry-After` in seconds, or as a date.
        case throttleSeconds = "throttle_seconds"
        case throttleDate = "throttle_date"
        /// 429 without `Retry-After`.
        case throttleBare = "throttle_bare"
        case error500 = "error_500"
        case error503 = "error_503"
        /// The response is delayed.
        case slow
        /// The response body stalls half-way.
        case stall
        /// The connection is closed in the middle of the response.
        case cut
        /// The connection is closed after the request took effect, without a response.
        case lost
        /// A proxy's HTML page with status 200.
        case html
        /// An empty body with status 200.
        case empty
        /// JSON with fields of the wrong types.
        case wrongTypes = "wrong_types"
        /// JSON that is not an object.
        case wrongShape = "wrong_shape"
        /// A body larger than the client accepts.
        case huge
        case unauthorized
        case notFound = "not_found"
        /// The operation of a change completes with all parts failed, is canceled, or never ends.
        case operationFails = "operation_fails"
        case operationCanceled = "operation_canceled"
        case operationHangs = "operation_hangs"
        /// A list of replies contains only its first half, or replies without a classification or with another one.
        case truncatedList = "truncated_list"
        case noClassification = "no_classification"
        case unknownClassification = "unknown_classification"
        /// The page token of a list leads to the same page again.
        case tokenLoops = "token_loops"
    }

    package enum Endpoint: String, CaseIterable, Sendable {
        case any, stats, pools, accounts, start, pause, create, enroll, replies, suppression
        case senderPools = "sender_pools"
        case poolSenders = "pool_senders"
        case poolOperations = "pool_operations"
        case changeSenderPools = "change_sender_pools"
    }

    package var kind: Kind
    package var endpoint = Endpoint.any
    /// The campaign that is affected; nil for all.
    package var campaign: CampaignID?
    /// The period of the fault, relative to the world's start.
    package var from: Duration = .zero
    package var until: Duration?
    /// The share of requests that are affected, 0…1.
    package var probability = 1.0
    /// The number of requests that are affected; nil for all.
    package var times: Int?
    /// The `Retry-After`, or the delay of a slow response.
    package var wait: Duration = .seconds(30)

    package init(_ kind: Kind) { self.kind = kind }
}

/// The fault rules in order; the first that matches a request applies.
struct FaultPlan: Sendable {
    private var rules: [FaultRule]
    private var counts: [Int]

    init(_ rules: [FaultRule]) {
        self.rules = rules
        counts = rules.map { _ in 0 }
    }

    mutating func add(_ rule: FaultRule) {
        rules.append(rule)
        counts.append(0)
    }

    mutating func clear() { self = FaultPlan([]) }

    /// The rule that applies to a request, which counts as applied.
    ///
    /// - Parameter draw: a random number in 0 ..< 1.
    mutating func next(
        _ endpoint: FaultRule.Endpoint, _ campaign: CampaignID?, after elapsed: Duration, draw: Double
    ) -> FaultRule? {
        for (index, rule) in rules.enumerated() {
            guard rule.endpoint == .any || rule.endpoint == endpoint, rule.campaign == nil || rule.campaign == campaign,
                elapsed >= rule.from, rule.until.map({ elapsed < $0 }) ?? true,
                rule.times.map({ counts[index] < $0 }) ?? true, draw < rule.probability
            else { continue }
            counts[index] += 1
            return rule
        }
        return nil
    }
}
