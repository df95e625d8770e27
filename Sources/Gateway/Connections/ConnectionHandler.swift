package import NIOCore
import NIOHTTP1

/// Bounds the time in which a client completes a request and reads the response.
final class ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// The most time for a request, including the wait for its first byte; local clients write it at once.
    static let requestWithin: TimeAmount = .seconds(5)
    /// The most time for reading a response; the largest, a few MiB of history, takes milliseconds locally.
    static let answerReadWithin: TimeAmount = .seconds(10)

    /// The most complete requests that wait on one connection.
    ///
    /// Sendwarden's clients send one at a time; hundreds would keep the event loop from serving other clients.
    static let unansweredMax = 4

    /// The type of a response that is a stream of events.
    static let streamType = "text/event-stream"

    private let connections: ListenerConnections
    private var id: ConnectionTable.ID?
    private var deadline: Scheduled<Void>?
    /// Complete requests whose response is not complete.
    private var unanswered = 0
    /// True if one of these may be an order.
    private var hasOrdered = false
    /// True while the response is a stream of events.
    private var isStreaming = false
    /// Parts of the stream that the client has not taken.
    private var unread = 0

    init(_ connections: ListenerConnections) { self.connections = connections }

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
        // The bytes of one read are parsed to their end, even after a close.
        guard unanswered <= ConnectionHandler.unansweredMax else { return }
        switch unwrapInboundIn(data) {
        case .head(let head): hasOrdered = hasOrdered || head.method != .GET
        case .body: break
        case .end:
            unanswered += 1
            guard unanswered <= ConnectionHandler.unansweredMax else { return context.close(promise: nil) }
            enter(.answering(isOrder: hasOrdered), context)
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head):
            isStreaming = head.headers["content-type"].first == ConnectionHandler.streamType
            enter(isStreaming ? .streaming : .writing, context)
            context.write(data, promise: promise)
        case .body where isStreaming: writePart(data, promise, context)
        case .body: context.write(data, promise: promise)
        case .end:
            let written = promise ?? context.eventLoop.makePromise(of: Void.self)
            let context = NIOLoopBound(context, eventLoop: context.eventLoop)
            let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
            written.futureResult.whenSuccess { handler.value.answered(context.value) }
            context.value.write(data, promise: written)
        }
    }

    /// Writes a part of a stream, which the client must take in time.
    private func writePart(_ data: NIOAny, _ promise: EventLoopPromise<Void>?, _ context: ChannelHandlerContext) {
        let written = promise ?? context.eventLoop.makePromise(of: Void.self)
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        unread += 1
        if deadline == nil { deadline = close(context.channel, in: ConnectionHandler.answerReadWithin) }
        written.futureResult.whenSuccess { handler.value.read() }
        context.write(data, promise: written)
    }

    private func read() {
        unread = max(0, unread - 1)
        guard isStreaming, unread == 0 else { return }
        deadline?.cancel()
        deadline = nil
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // The daemon is stopping: do not wait for an incomplete request.
        if event is ChannelShouldQuiesceEvent, unanswered == 0 { return context.close(promise: nil) }
        // Nobody reads a stream whose client has closed its side.
        if isStreaming, event as? ChannelEvent == .inputClosed { return context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    private func answered(_ context: ChannelHandlerContext) {
        unanswered = max(0, unanswered - 1)
        (isStreaming, unread) = (false, 0)
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
            deadline = close(channel, in: ConnectionHandler.requestWithin)
        // No deadline: the client must wait for the loop that owns the guard.
        case .answering: break
        case .writing:
            deadline = close(channel, in: ConnectionHandler.answerReadWithin)
        // Each part has a deadline of its own.
        case .streaming: break
        }
    }

    private func close(_ channel: any Channel, in time: TimeAmount) -> Scheduled<Void> {
        channel.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
    }

    private func forget() {
        deadline?.cancel()
        deadline = nil
        if let id { connections.close(id) }
        id = nil
    }
}

/// Inserts a ``ConnectionHandler`` right after the request decoder; the server's configuration cannot do this.
package final class ConnectionHandlerInstaller: ChannelInboundHandler, RemovableChannelHandler {
    package typealias InboundIn = Any

    private let connections: ListenerConnections

    package init(_ connections: ListenerConnections) { self.connections = connections }

    package func handlerAdded(context: ChannelHandlerContext) {
        do {
            let pipeline = context.pipeline.syncOperations
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            try pipeline.addHandler(ConnectionHandler(connections), position: .after(decoder))
        } catch {
            // Do not serve a connection without its limits.
            context.close(promise: nil)
        }
    }
}
