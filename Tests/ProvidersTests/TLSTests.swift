import AsyncHTTPClient
import Foundation
import Model
import NIOCore
import NIOPosix
import NIOSSL
import Providers
import TestSupport
import Testing

/// The server's certificate must be valid before the key is sent.
@Suite struct TLSTests {
    /// Counts the bytes that a server with an untrusted certificate receives.
    private final class Recorder: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        let bytes: Counter

        init(_ bytes: Counter) { self.bytes = bytes }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            for _ in 0..<unwrapInboundIn(data).readableBytes { bytes.add() }
        }
    }

    @Test func theKeyIsNotSentToAnUntrustedServer() async throws {
        let folder = try TemporaryFolder()
        let (certificate, key) = (folder.path + "/cert.pem", folder.path + "/key.pem")
        let openssl = try Process.run(
            URL(filePath: "/usr/bin/env"),
            arguments: [
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate,
                "-batch", "-days", "2",
            ])
        openssl.waitUntilExit()
        try #require(openssl.terminationStatus == 0, "the openssl command is needed to make a certificate")
        let configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem)))
        let context = try NIOSSLContext(configuration: configuration)
        let received = Counter()
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                    try channel.pipeline.syncOperations.addHandler(Recorder(received))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        var settings = HTTPClient.Configuration()
        // As in the daemon: do not retry the connection.
        settings.connectionPool.retryConnectionEstablishment = false
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
        let time = SteadyTime(startingAt: Instant(milliseconds: 0))
        let client = LeadterraClient(
            connections: Connections(all: http), url: "https://localhost:\(server.localAddress?.port ?? 0)",
            key: APIKey("sk_test_secret"),
            gate: RequestGate(perSecond: 1000, time: time), timeout: .seconds(30), time: time, random: { 0 })
        let fault = await ClientBench.fault { () throws(Fault) in try await client.pools() }
        try await http.shutdown()
        try await server.close()
        #expect(fault?.kind == .unreachable)
        #expect(fault?.summary.contains("TLS") == true, "\(fault?.summary ?? "-")")
        #expect(fault?.mayHaveTakenEffect == false)
        #expect(received.value == 0)
    }
}
