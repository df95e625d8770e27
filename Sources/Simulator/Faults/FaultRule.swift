package import Model

/// A fault that the API shows on demand.
package struct FaultRule: Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        /// 429 with `Retry-After` in seconds, or as a date.
        case throttleSeconds = "throttle_seconds"
        case throttleDate = "throttle_date"
        /// 429 without `Retry-After`.
        case throttleBare = "throttle_bare"
        case error500 = "error_500"
        case error503 = "error_503"
        /// The answer comes late.
        case slow
        /// The answer begins and then stands still.
        case stall
        /// The connection is cut in the middle of the answer.
        case cut
        /// The connection is cut after the request took effect, before any answer.
        case lost
        /// A proxy's HTML page with status 200.
        case html
        /// An empty body with status 200.
        case empty
        /// JSON with fields of the wrong types.
        case wrongTypes = "wrong_types"
        /// JSON that is no object.
        case wrongShape = "wrong_shape"
        /// More than a megabyte.
        case huge
        case unauthorized
        case notFound = "not_found"
        /// The operation of a change completes with all its parts failed, is canceled, or never ends.
        case operationFails = "operation_fails"
        case operationCanceled = "operation_canceled"
        case operationHangs = "operation_hangs"
        /// A list's token leads to the same page again.
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
    /// The campaign that suffers it; nil for all.
    package var campaign: CampaignID?
    /// From and until when after the world's beginning.
    package var from: Duration = .zero
    package var until: Duration?
    /// The share of requests that suffer it, 0…1.
    package var probability = 1.0
    /// How many requests suffer it; nil for all.
    package var times: Int?
    /// What a throttled client is told to wait, or how late a slow answer is.
    package var wait: Duration = .seconds(30)

    package init(_ kind: Kind) { self.kind = kind }
}

/// The faults in force, in order: the first that applies strikes.
struct FaultPlan: Sendable {
    private var rules: [FaultRule]
    private var struck: [Int]

    init(_ rules: [FaultRule]) {
        self.rules = rules
        struck = rules.map { _ in 0 }
    }

    mutating func add(_ rule: FaultRule) {
        rules.append(rule)
        struck.append(0)
    }

    mutating func clear() { self = FaultPlan([]) }

    /// - Parameter draw: 0 ..< 1
    mutating func strike(
        _ endpoint: FaultRule.Endpoint, _ campaign: CampaignID?, after elapsed: Duration, draw: Double
    ) -> FaultRule? {
        for (index, rule) in rules.enumerated() {
            guard rule.endpoint == .any || rule.endpoint == endpoint, rule.campaign == nil || rule.campaign == campaign,
                elapsed >= rule.from, rule.until.map({ elapsed < $0 }) ?? true,
                rule.times.map({ struck[index] < $0 }) ?? true, draw < rule.probability
            else { continue }
            struck[index] += 1
            return rule
        }
        return nil
    }
}
