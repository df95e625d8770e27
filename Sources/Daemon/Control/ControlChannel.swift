package import AsyncAlgorithms
package import Guard
package import Model
package import Reporting

/// Something that is asked of the daemon, from outside.
package enum ControlRequest: Sendable {
    /// Read the policy again.
    ///
    /// - Parameters:
    ///   - by: who asked, in words; nil where a signal did.
    ///   - answer: is given what came of it.
    case reload(by: String?, answer: @Sendable (ReloadOutcome) -> Void)
    /// Something that the loop answers by itself.
    case question(Question)
}

/// What the loop that owns the guard answers at once.
package enum Question: Sendable {
    /// All that is counted and measured.
    case metrics(answer: @Sendable (MetricsSnapshot) -> Void)
    /// Why something is as it is.
    case explain(String, answer: @Sendable (Explained) -> Void)
    /// Do what a person wants.
    case order(Order, answer: @Sendable (OrderReply) -> Void)
    /// How everything stands.
    case status(answer: @Sendable (GuardStatus) -> Void)
    /// The workspaces of the policy in use.
    case workspaces(answer: @Sendable ([WorkspaceName]) -> Void)
}

/// What came of a reload.
package struct ReloadOutcome: Sendable, Codable, Hashable {
    /// False if the policy was refused and the policy in use stays in use.
    package var accepted: Bool
    /// As the journal has it.
    package var message: String

    package init(accepted: Bool, message: String) {
        self.accepted = accepted
        self.message = message
    }
}

/// Where orders and questions are left, and answered.
package struct ControlChannel: Sendable {
    package let requests = AsyncChannel<ControlRequest>()

    package init() {}

    /// Reads the policy again; nil where the daemon ends before it could.
    package func reload(by asker: String?) async -> ReloadOutcome? {
        await ask { .reload(by: asker, answer: $0) }
    }

    /// All that is counted and measured, as Prometheus reads it; nil where the daemon ends before it could answer.
    package func metrics() async -> String? {
        let snapshot: MetricsSnapshot? = await ask { .question(.metrics(answer: $0)) }
        return snapshot?.text
    }

    /// The workspaces of the policy in use; nil where the daemon ends before it could answer.
    package func workspaces() async -> [WorkspaceName]? {
        await ask { .question(.workspaces(answer: $0)) }
    }

    /// How everything stands; nil where the daemon ends before it could answer.
    package func status() async -> GuardStatus? {
        await ask { .question(.status(answer: $0)) }
    }

    /// Why something is as it is; nil where the daemon ends before it could answer.
    package func explain(_ subject: String) async -> Explained? {
        await ask { .question(.explain(subject, answer: $0)) }
    }

    /// Has a person's order carried out; nil where the daemon ends before it could answer.
    package func obey(_ order: Order) async -> OrderReply? {
        await ask { .question(.order(order, answer: $0)) }
    }

    private func ask<Answer: Sendable>(_ order: (@escaping @Sendable (Answer) -> Void) -> ControlRequest) async
        -> Answer?
    {
        let (stream, question) = ControlChannel.question(order)
        await requests.send(question)
        return await stream.first { _ in true }
    }

    /// The order alone holds the answer's other end: dropped unanswered, it ends the wait.
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
