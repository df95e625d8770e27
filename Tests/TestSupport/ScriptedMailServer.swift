import NIOCore
import NIOPosix
import Synchronization

/// A mail server on a real socket that replies as a test's script says, and records the commands and messages.
package final class ScriptedMailServer: Sendable {
    private let lines = Mutex<[String]>([])
    private let script: @Sendable (String) -> String?

    private init(_ script: @escaping @Sendable (String) -> String?) { self.script = script }

    /// Every line that clients sent, without its end.
    package var received: [String] { lines.withLock { $0 } }

    /// The lines of the first message, as they were sent.
    package var message: [String] {
        let all = received
        guard let start = all.firstIndex(of: "DATA"), let end = all[start...].firstIndex(of: ".") else { return [] }
        return Array(all[(start + 1)..<end])
    }

    /// Serves on a free port while `body` runs.
    ///
    /// - Parameter script: the reply to a command, `CONNECT` and `.` included; nil for the usual one, and an empty text
    ///   for none.
    package static func run<Result: Sendable>(
        _ script: @escaping @Sendable (String) -> String? = { _ in nil },
        _ body: (_ port: Int, ScriptedMailServer) async throws -> Result
    ) async throws -> Result {
        let server = ScriptedMailServer(script)
        return try await ScriptedListener.run {
            Handler(server)
        } body: { port in
            try await body(port, server)
        }
    }

    private func reply(to command: String) -> String {
        if let scripted = script(command) { return scripted }
        switch String(command.prefix(while: { $0 != " " && $0 != ":" })) {
        case "CONNECT": return "220 mail.test ESMTP"
        case "EHLO": return "250-mail.test\r\n250 8BITMIME"
        case "DATA": return "354 go ahead"
        case "QUIT": return "221 bye"
        default: return "250 ok"
        }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let server: ScriptedMailServer
        private var rest: [UInt8] = []
        private var isInData = false

        init(_ server: ScriptedMailServer) { self.server = server }

        func channelActive(context: ChannelHandlerContext) { send(server.reply(to: "CONNECT"), context) }

        private func send(_ reply: String, _ context: ChannelHandlerContext) {
            if reply.isEmpty { return }
            context.channel.writeAndFlush(ByteBuffer(string: reply + "\r\n"), promise: nil)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            rest += Array(unwrapInboundIn(data).readableBytesView)
            while let end = rest.firstIndex(of: 10) {
                let line = String(decoding: rest[..<end].filter { $0 != 13 }, as: UTF8.self)
                rest.removeFirst(end + 1)
                server.lines.withLock { $0.append(line) }
                if isInData, line != "." { continue }
                isInData = false
                let reply = server.reply(to: line)
                if line == "DATA", reply.hasPrefix("3") { isInData = true }
                send(reply, context)
            }
        }
    }
}
