import ArgumentParser
import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix

/// The lower bound: the same requests at the same rate with the same client library, whose responses are discarded.
struct LoopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "loop", abstract: "Request every campaign's stats in turn and discard the responses.")

    @Option(help: "The platform's base URL.")
    var url = "http://127.0.0.1:8099"

    @Option(help: "Number of campaigns, named camp_0, camp_1, …")
    var campaigns: Int

    @Option(help: "Seconds between two polls of a campaign.")
    var interval: Double

    @Option(help: "Seconds to run.")
    var seconds: Double

    func run() async throws {
        let client = HTTPClient(eventLoopGroup: .singletonMultiThreadedEventLoopGroup)
        let clock = ContinuousClock()
        let start = clock.now
        let step = Duration.seconds(interval / Double(campaigns))
        let url = url
        try await withThrowingDiscardingTaskGroup { group in
            var number = 0
            while clock.now < start + .seconds(seconds) {
                try await clock.sleep(until: start + step * number)
                let index = number % campaigns
                group.addTask {
                    var request = HTTPClientRequest(url: "\(url)/v1/campaigns/camp_\(index)/stats")
                    request.headers.add(name: "Authorization", value: "Bearer none")
                    let response = try await client.execute(request, timeout: .seconds(10))
                    _ = try await response.body.collect(upTo: 1 << 20)
                }
                number += 1
            }
        }
        try await client.shutdown()
    }
}
