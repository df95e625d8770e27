import Guard
package import Model
package import Notifications
import Policy
package import Providers

/// The platforms of all workspaces; sends each poll and action to its workspace's platform.
package struct Platforms: Sendable {
    private let platforms: [WorkspaceName: Platform]
    /// The URLs and tokens of the policy's receivers, which are read with the keys.
    package let endpoints: ReceiverEndpoints

    package init(_ platforms: [WorkspaceName: Platform], endpoints: ReceiverEndpoints = ReceiverEndpoints()) {
        (self.platforms, self.endpoints) = (platforms, endpoints)
    }

    /// A valid policy requires no missing ability; this covers a provider that a reload changes.
    private static let unable = Fault(
        .refused, "the workspace's platform cannot do this", mayHaveTakenEffect: false)

    package subscript(_ workspace: WorkspaceName) -> Platform? { platforms[workspace] }

    // MARK: Polls

    /// - Parameters:
    ///   - query: what to read of a pool under the policy's `pools`; nil for other targets.
    ///   - extras: the counters that rules on the campaign read and that cost a request of their own.
    func poll(
        _ target: Target, in workspace: WorkspaceName, query: RosterQuery?, operation: OperationID?,
        extras: Set<ExtraCounter>
    ) async throws(Fault) -> PollOutcome.Reading {
        let platform = platforms[workspace]
        switch target {
        case .stats(let id):
            guard let campaigns = platform?.campaigns else { throw Platforms.unable }
            return .stats(try await campaigns.stats(of: id, with: extras))
        case .pools:
            guard let volumes = platform?.volumes else { throw Platforms.unable }
            return .pools(try await volumes.pools())
        case .accounts:
            guard let accounts = platform?.accounts else { throw Platforms.unable }
            return .accounts(try await accounts.accounts())
        case .pool:
            guard let rosters = platform?.rosters, let query else { throw Platforms.unable }
            return .pool(try await RosterReader(platform: rosters).finding(query))
        case .operation:
            guard let rosters = platform?.rosters, let operation else { throw Platforms.unable }
            return .operation(try await rosters.operation(operation))
        }
    }

    // MARK: Actions

    func act(_ intent: Intent, in workspace: WorkspaceName) async throws(Fault) -> ActionAnswer {
        guard let campaigns = platforms[workspace]?.campaigns else { throw Platforms.unable }
        switch intent.action {
        case .pause: return try await campaigns.pause(intent.campaign, firstSentAt: intent.firstSentAt)
        case .start, .resume: return try await campaigns.start(intent.campaign, firstSentAt: intent.firstSentAt)
        }
    }

    func carryOut(_ change: SenderChange, in workspace: WorkspaceName) async throws(Fault) -> ChangeReceipt {
        guard let rosters = platforms[workspace]?.rosters else { throw Platforms.unable }
        switch change.action {
        case .remove: return try await rosters.remove(change.sender.id, from: change.platformPool)
        case .restore: return try await rosters.add([change.sender.id], to: change.platformPool)
        }
    }
}
