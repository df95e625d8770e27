import NIOCore
import NIOHTTP1

/// Bounds how long a connection may take to complete a request, and to read the answer.
final class ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// For a whole request, or until the next one begins: on one machine it is written at once.
    static let requestWithin: TimeAmount = .seconds(5)
    /// For a whole answer to be read: the largest history, a few MiB, takes milliseconds on one machine.
    static let answerReadWithin: TimeAmount = .seconds(10)

    private let connections: Connections
    private var id: ConnectionTable.ID?
    private var deadline: Scheduled<Void>?
    /// Complete requests without a complete answer.
    private var unanswered = 0
    /// One of those may be an order.
    private var hasOrdered = false

    init(_ connections: Connections) { self.connections = connections }

    func handlerAdded(context: ChannelHandlerContext) {
        id = connections.open(context.channel)
        guard id != nil else { return context.close(promise: nil) }
        enter(.reading, context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        forget()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { forget() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): hasOrdered = hasOrdered || head.method != .GET
        case .body: break
        case .end:
            unanswered += 1
            enter(.answering(isOrder: hasOrdered), context)
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head:
            enter(.writing, context)
            context.write(data, promise: promise)
        case .body: context.write(data, promise: promise)
        case .end:
            let written = promise ?? context.eventLoop.makePromise(of: Void.self)
            let context = NIOLoopBound(context, eventLoop: context.eventLoop)
            let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
            written.futureResult.whenSuccess { handler.value.answered(context.value) }
            context.value.write(data, promise: written)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // The daemon ends: half a request is not waited for.
        if event is ChannelShouldQuiesceEvent, unanswered == 0 { return context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    private func answered(_ context: ChannelHandlerContext) {
        unanswered = max(0, unanswered - 1)
        if unanswered == 0 { hasOrdered = false }
        enter(unanswered == 0 ? .reading : .answering(isOrder: hasOrdered), context)
    }

    private func enter(_ stage: ConnectionTable.Stage, _ context: ChannelHandlerContext) {
        deadline?.cancel()
        deadline = nil
        guard let id else { return }
        connections.move(id, to: stage)
        let channel = context.channel
        switch stage {
        case .reading:
            deadline = context.eventLoop.scheduleTask(in: ConnectionHandler.requestWithin) {
                channel.close(promise: nil)
            }
        // The loop that owns the guard answers in its own time.
        case .answering: break
        case .writing:
            deadline = context.eventLoop.scheduleTask(in: ConnectionHandler.answerReadWithin) {
                channel.close(promise: nil)
            }
        }
    }

    private func forget() {
        deadline?.cancel()
        deadline = nil
        if let id { connections.close(id) }
        id = nil
    }
}

/// Puts a ``ConnectionHandler`` where requests are parsed; the server lets others only add handlers further in.
final class ConnectionHandlerInstaller: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = Any

    private let connections: Connections

    init(_ connections: Connections) { self.connections = connections }

    func handlerAdded(context: ChannelHandlerContext) {
        do {
            let pipeline = context.pipeline.syncOperations
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            try pipeline.addHandler(ConnectionHandler(connections), position: .after(decoder))
        } catch {
            // Without its bounds a connection is not served.
            context.close(promise: nil)
        }
    }
}
