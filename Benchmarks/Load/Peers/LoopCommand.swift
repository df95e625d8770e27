import ArgumentParser
import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix

/// The floor: the same requests at the same pace by the same client library, and nothing done with the answers.
struct LoopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "loop", abstract: "Ask for every campaign's statistics in turn, and do nothing with the answers.")

    @Option(help: "The platform.")
    var url = "http://127.0.0.1:8099"

    @Option(help: "Campaigns, camp_0 and on.")
    var campaigns: Int

    @Option(help: "Seconds between two looks at the same campaign.")
    var interval: Double

    @Option(help: "Seconds until it ends.")
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
                let place = number % campaigns
                group.addTask {
                    var request = HTTPClientRequest(url: "\(url)/v1/campaigns/camp_\(place)/stats")
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
