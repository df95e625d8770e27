package import AsyncAlgorithms
package import Guard
package import Model
package import Notifications
package import Reporting

/// A request to the daemon from outside.
package enum ControlRequest: Sendable {
    /// Reloads the policy, or the campaign files that it names.
    ///
    /// - Parameters:
    ///   - by: who asked; nil for a signal.
    ///   - answer: receives the outcome.
    case reload(ReloadScope, by: String?, answer: @Sendable (ReloadOutcome) -> Void)
    /// A question that the loop answers immediately.
    case question(Question)
    /// What was sent to receivers, and what happened to them.
    case notifier(NotifierNews)
}

/// A question to the loop that owns the guard, answered within one turn.
package enum Question: Sendable {
    /// The values of all metrics.
    case metrics(answer: @Sendable (MetricsSnapshot) -> Void)
    /// The explanation of a campaign, pool or rule.
    case explain(String, answer: @Sendable (Explained) -> Void)
    /// A person's order.
    case order(Order, answer: @Sendable (OrderReply) -> Void)
    /// A person's order on several campaigns.
    case orders(OrderBatch, answer: @Sendable (OrderBatchReply) -> Void)
    /// The reasons why the daemon is not ready.
    case health(answer: @Sendable (HealthReport) -> Void)
    /// The guard's state.
    case status(answer: @Sendable (GuardStatus) -> Void)
    /// The workspaces of the policy in use.
    case workspaces(answer: @Sendable ([WorkspaceName]) -> Void)
    /// The records that are not stored yet.
    case storage(answer: @Sendable (StorageState) -> Void)
}

/// The outcome of a reload.
package struct ReloadOutcome: Sendable, Codable, Hashable {
    /// False if the policy was refused and the policy in use stays in use.
    package var accepted: Bool
    /// The message of the journal entry.
    package var message: String

    package init(accepted: Bool, message: String) {
        self.accepted = accepted
        self.message = message
    }
}

/// Passes orders and questions to the daemon's loop, and returns the answers.
///
/// Every method returns nil if the daemon ends first.
package struct ControlChannel: Sendable {
    package let requests = AsyncChannel<ControlRequest>()

    package init() {}

    /// Reloads the policy, or the campaign files that it names.
    package func reload(_ scope: ReloadScope = .policy, by asker: String?) async -> ReloadOutcome? {
        await ask { .reload(scope, by: asker, answer: $0) }
    }

    /// All metrics in Prometheus's text format.
    package func metrics() async -> String? { await snapshot()?.text }

    /// The values of all metrics.
    package func snapshot() async -> MetricsSnapshot? { await ask { .question(.metrics(answer: $0)) } }

    /// The reasons why the daemon is not ready.
    package func health() async -> HealthReport? { await ask { .question(.health(answer: $0)) } }

    /// The workspaces of the policy in use.
    package func workspaces() async -> [WorkspaceName]? {
        await ask { .question(.workspaces(answer: $0)) }
    }

    /// The records that are not stored yet.
    package func storage() async -> StorageState? {
        await ask { .question(.storage(answer: $0)) }
    }

    /// The guard's state.
    package func status() async -> GuardStatus? {
        await ask { .question(.status(answer: $0)) }
    }

    /// The explanation of a campaign, pool or rule.
    package func explain(_ subject: String) async -> Explained? {
        await ask { .question(.explain(subject, answer: $0)) }
    }

    /// Gives a person's order to the guard.
    package func obey(_ order: Order) async -> OrderReply? {
        await ask { .question(.order(order, answer: $0)) }
    }

    /// Gives a person's order on several campaigns to the guard.
    package func obey(_ batch: OrderBatch) async -> OrderBatchReply? {
        await ask { .question(.orders(batch, answer: $0)) }
    }

    private func ask<Answer: Sendable>(_ order: (@escaping @Sendable (Answer) -> Void) -> ControlRequest) async
        -> Answer?
    {
        let (stream, question) = ControlChannel.question(order)
        await requests.send(question)
        return await stream.first { _ in true }
    }

    /// Only the request holds the stream's continuation: if it is dropped without an answer, the wait ends.
    private static func question<Answer: Sendable>(
        _ order: (@escaping @Sendable (Answer) -> Void) -> ControlRequest
    ) -> (AsyncStream<Answer>, ControlRequest) {
        let (stream, continuation) = AsyncStream.makeStream(of: Answer.self)
        let question = order { answer in
            continuation.yield(answer)
            continuation.finish()
        }
        return (stream, question)
    }
}
