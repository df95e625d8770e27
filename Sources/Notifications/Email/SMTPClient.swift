import Glibc
import Model
import NIOCore
import NIOPosix
import Providers
import Threads

/// Sends an email to a mail server of this machine, over plain SMTP (RFC 5321).
struct SMTPClient: Sendable {
    /// A reply that ends the dialog, or a reply that cannot be understood.
    private struct Refusal: Error {
        var code: Int
        var text: String
        /// What the reply was about.
        var step: String
    }

    private struct Malformed: Error {}

    let host: String
    let port: Int
    let group: any EventLoopGroup
    /// For the whole dialog.
    let within: Duration

    /// The longest reply that is read.
    private static let replyBytesMax = 8192

    /// - Parameter message: nil only greets the server, to see whether it responds.
    func send(_ message: MailMessage?) async -> Outbox.Outcome {
        let outcome = await bounded(by: within) { await dialog(message) }
        return outcome ?? .failed("the mail server did not respond within \(within.policyText)")
    }

    private func dialog(_ message: MailMessage?) async -> Outbox.Outcome {
        do {
            let channel = try await ClientBootstrap(group: group).connectTimeout(.seconds(5))
                .connect(host: host, port: port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                    }
                }
            return try await channel.executeThenClose { inbound, outbound in
                var replies = Replies(iterator: inbound.makeAsyncIterator())
                return try await exchange(message, &replies, outbound)
            }
        } catch let refusal as Refusal {
            let reason = "the mail server replied \(refusal.text) to \(refusal.step)"
            return refusal.code >= 500 ? .refused(reason) : .failed(reason)
        } catch is Malformed {
            return .failed("the mail server sent no valid reply")
        } catch {
            return .failed(TransportFault.fault(error).summary)
        }
    }

    private func exchange(
        _ message: MailMessage?, _ replies: inout Replies, _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) async throws -> Outbox.Outcome {
        func say(_ line: String) async throws { try await outbound.write(ByteBuffer(string: line + "\r\n")) }
        _ = try await replies.expect(220, "the connection")
        try await say("EHLO \(SMTPClient.hostName)")
        do {
            _ = try await replies.expect(250, "EHLO")
        } catch let refusal as Refusal where refusal.code >= 500 {
            try await say("HELO \(SMTPClient.hostName)")
            _ = try await replies.expect(250, "HELO")
        }
        guard let message else {
            try await say("QUIT")
            return .sent
        }
        try await say("MAIL FROM:<\(message.from)>")
        _ = try await replies.expect(250, "MAIL FROM")
        var refused: [(address: String, refusal: Refusal)] = []
        for recipient in message.to {
            try await say("RCPT TO:<\(recipient)>")
            do {
                _ = try await replies.expect(250, "recipient \(recipient)")
            } catch let refusal as Refusal {
                refused.append((recipient, refusal))
            }
        }
        if refused.count == message.to.count, let temporary = refused.first(where: { $0.refusal.code < 500 }) {
            throw temporary.refusal
        }
        if refused.count == message.to.count, let first = refused.first { throw first.refusal }
        try await say("DATA")
        _ = try await replies.expect(354, "DATA")
        try await outbound.write(ByteBuffer(string: MailMessage.stuffed(message.text)))
        _ = try await replies.expect(250, "the message")
        // The message is accepted; nothing after this can change it.
        try? await say("QUIT")
        guard let first = refused.first else { return .sent }
        return .partlySent("the mail server replied \(first.refusal.text) to \(first.refusal.step)")
    }

    /// This machine's name, for the greeting.
    private static var hostName: String {
        var bytes = [CChar](repeating: 0, count: 256)
        guard gethostname(&bytes, bytes.count - 1) == 0 else { return "localhost" }
        let name = String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let isValid = !name.isEmpty && name.utf8.allSatisfy { (0x21...0x7e).contains($0) }
        return isValid ? name : "localhost"
    }

    /// Reads replies from the connection.
    private struct Replies {
        var iterator: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
        private var buffer: [UInt8] = []

        init(iterator: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator) { self.iterator = iterator }

        /// Reads one reply; throws unless it has this code, or, for 250, another one of 2xx.
        mutating func expect(_ code: Int, _ step: String) async throws -> Int {
            let (found, text) = try await next()
            guard found == code || code == 250 && (200..<300).contains(found) else {
                throw Refusal(code: found, text: text, step: step)
            }
            return found
        }

        private mutating func next() async throws -> (Int, String) {
            var bytes = 0
            var first: String?
            while true {
                let line = try await line()
                bytes += line.utf8.count
                guard bytes <= SMTPClient.replyBytesMax, let code = Int(line.prefix(3)), (200..<600).contains(code),
                    line.utf8.count == 3 || line.dropFirst(3).hasPrefix(" ") || line.dropFirst(3).hasPrefix("-")
                else { throw Malformed() }
                first = first ?? line
                if !line.dropFirst(3).hasPrefix("-") { return (code, SMTPClient.clean(first ?? line)) }
            }
        }

        private mutating func line() async throws -> String {
            while true {
                if let end = buffer.firstIndex(of: 0x0a) {
                    let line = buffer[..<end]
                    buffer.removeFirst(end + 1)
                    return String(decoding: line.last == 0x0d ? line.dropLast() : line, as: UTF8.self)
                }
                guard buffer.count <= SMTPClient.replyBytesMax else { throw Malformed() }
                guard let more = try await iterator.next(isolation: #isolation) else { throw ChannelError.eof }
                buffer += Array(more.readableBytesView)
            }
        }
    }

    /// A reply's first line, printable and short.
    private static func clean(_ text: String) -> String {
        String(text.unicodeScalars.prefix(120).map { (0x20...0x7e).contains($0.value) ? Character($0) : " " })
    }
}
