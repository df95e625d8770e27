package import AsyncAlgorithms
package import Guard

/// Something that is asked of the loop that owns the guard, from outside.
package enum DeskRequest: Sendable {
    /// Read the policy anew.
    ///
    /// - Parameters:
    ///   - by: who asked, in words; nil where a signal did.
    ///   - answer: told what came of it.
    case reload(by: String?, answer: @Sendable (ReloadOutcome) -> Void)
    /// Something that the loop answers by itself.
    case question(Question)
}

/// What the loop that owns the guard answers at once.
package enum Question: Sendable {
    /// Tell everything that is counted and measured, as Prometheus reads it.
    case metrics(answer: @Sendable (String) -> Void)
    /// Say why something is as it is.
    case explain(String, answer: @Sendable (Explained) -> Void)
    /// Do what a person wants.
    case order(Order, answer: @Sendable (OrderReply) -> Void)
    /// Tell how everything stands.
    case status(answer: @Sendable (GuardStatus) -> Void)
}

/// What came of a reload.
package struct ReloadOutcome: Sendable, Codable, Hashable {
    /// False where the policy was refused and the one in use goes on.
    package var accepted: Bool
    /// What the journal was told.
    package var message: String

    package init(accepted: Bool, message: String) {
        self.accepted = accepted
        self.message = message
    }
}

/// Where orders and questions are left, and answered.
package struct ControlDesk: Sendable {
    package let orders = AsyncChannel<DeskRequest>()

    package init() {}

    /// Reads the policy anew; nil where the daemon ends before it could.
    package func reload(by asker: String?) async -> ReloadOutcome? {
        await ask { .reload(by: asker, answer: $0) }
    }

    /// Everything that is counted and measured; nil where the daemon ends before it could be told.
    package func metrics() async -> String? {
        await ask { .question(.metrics(answer: $0)) }
    }

    /// How everything stands; nil where the daemon ends before it could be told.
    package func status() async -> GuardStatus? {
        await ask { .question(.status(answer: $0)) }
    }

    /// Why something is as it is; nil where the daemon ends before it could be told.
    package func explain(_ subject: String) async -> Explained? {
        await ask { .question(.explain(subject, answer: $0)) }
    }

    /// Has a person's order carried out; nil where the daemon ends before it could be answered.
    package func obey(_ order: Order) async -> OrderReply? {
        await ask { .question(.order(order, answer: $0)) }
    }

    private func ask<Answer: Sendable>(_ order: (@escaping @Sendable (Answer) -> Void) -> DeskRequest) async -> Answer?
    {
        let (stream, question) = ControlDesk.question(order)
        await orders.send(question)
        return await stream.first { _ in true }
    }

    /// The order alone holds the answer's other end: dropped unanswered, it ends the wait.
    private static func question<Answer: Sendable>(
        _ order: (@escaping @Sendable (Answer) -> Void) -> DeskRequest
    ) -> (AsyncStream<Answer>, DeskRequest) {
        let (stream, continuation) = AsyncStream.makeStream(of: Answer.self)
        let question = order { answer in
            continuation.yield(answer)
            continuation.finish()
        }
        return (stream, question)
    }
}
