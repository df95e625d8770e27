import Hummingbird
import Model

/// A path that the simulator serves.
enum Route: CaseIterable {
    // Leadterra.
    case pools, accounts, replies, suppressionList, campaigns, stats, start, pause, leads
    // Twilio Comms.
    case senderPools, senderPool, poolSenders, poolSender, poolOperations, poolOperation
    // The simulator itself.
    case recordedRequests, world, faults

    var path: RouterPath {
        switch self {
        case .pools: "/v1/sender-pools"
        case .accounts: "/v1/sender-accounts"
        case .replies: "/v1/replies"
        case .suppressionList: "/v1/suppression-list"
        case .campaigns: "/v1/campaigns"
        case .stats: "/v1/campaigns/:campaign/stats"
        case .start: "/v1/campaigns/:campaign/start"
        case .pause: "/v1/campaigns/:campaign/pause"
        case .leads: "/v1/campaigns/:campaign/leads/bulk"
        case .senderPools: "/v1/SenderPools"
        case .senderPool: "/v1/SenderPools/:pool"
        case .poolSenders: "/v1/SenderPools/:pool/Senders"
        case .poolSender: "/v1/SenderPools/:pool/Senders/:sender"
        case .poolOperations: "/v1/SenderPools/Operations"
        case .poolOperation: "/v1/SenderPools/Operations/:operation"
        case .recordedRequests: "/simulator/requests"
        case .world: "/simulator/world"
        case .faults: "/simulator/faults"
        }
    }

    /// The methods that the path supports; any other is answered with 405.
    var methods: [String] {
        switch self {
        case .pools, .accounts, .replies, .stats, .poolOperations, .poolOperation, .world: ["GET"]
        case .suppressionList, .campaigns, .start, .pause, .leads: ["POST"]
        case .senderPools, .poolSenders: ["GET", "POST"]
        case .senderPool: ["GET", "PATCH", "DELETE"]
        case .poolSender: ["DELETE"]
        case .recordedRequests: ["GET", "DELETE"]
        case .faults: ["POST", "DELETE"]
        }
    }

    /// The endpoint that fault rules select the path by; nil for the simulator's own paths, which have no faults.
    var endpoint: FaultRule.Endpoint? {
        switch self {
        case .pools: .pools
        case .accounts: .accounts
        case .replies: .replies
        case .suppressionList: .suppression
        case .campaigns: .create
        case .stats: .stats
        case .start: .start
        case .pause: .pause
        case .leads: .enroll
        case .senderPools, .senderPool: .senderPools
        case .poolSenders, .poolSender: .poolSenders
        case .poolOperations, .poolOperation: .poolOperations
        case .recordedRequests, .world, .faults: nil
        }
    }
}

/// One request to the simulator, with the route that its path matches.
struct SimulatedRequest {
    var method: String
    var path: String
    /// Nil if no route matches the path.
    var route: Route?
    /// The parameters in the path, by the names in ``Route/path``.
    var parameters: [String: String] = [:]
    var query: [String: String] = [:]
    /// The bearer token, if the request has one.
    var token: String?
    /// `user:password`, if the request has them.
    var basic: String?
    var body: [UInt8] = []

    /// Which of the simulated APIs the request is for.
    enum API {
        case leadterra, twilio, simulator
    }

    var api: API {
        if path.hasPrefix("/simulator/") { return .simulator }
        return path == "/v1/SenderPools" || path.hasPrefix("/v1/SenderPools/") ? .twilio : .leadterra
    }

    /// True if a parameter in the path is empty; the router skips empty segments and matches a shorter path instead.
    var hasEmptySegment: Bool { path.hasSuffix("/") || path.contains("//") }

    /// True if the route exists and supports the method.
    var isSupported: Bool { route?.methods.contains(method) ?? false }

    /// The endpoint that fault rules select the request by.
    var endpoint: FaultRule.Endpoint {
        switch api {
        case .leadterra: isSupported ? route?.endpoint ?? .any : .any
        case .twilio: method == "GET" ? route?.endpoint ?? .senderPools : .changeSenderPools
        case .simulator: .any
        }
    }

    var campaign: CampaignID? { parameters["campaign"].flatMap { CampaignID($0) } }
}
