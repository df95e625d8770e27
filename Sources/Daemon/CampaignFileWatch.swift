package import Model
import ServiceLifecycle

/// Reads the files under `campaigns_file` again when they change.
package struct CampaignFileWatch: Service {
    /// A change takes effect after one to two of these.
    private static let interval: Duration = .seconds(2)

    private let reloader: PolicyReloader
    private let control: ControlChannel
    private let time: any TimeSource

    package init(_ reloader: PolicyReloader, control: ControlChannel, time: any TimeSource) {
        (self.reloader, self.control, self.time) = (reloader, control, time)
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try? await time.sleep(until: time.now + CampaignFileWatch.interval)
                guard !Task.isCancelled else { break }
                if await reloader.campaignFilesChanged() { _ = await control.reload(.campaignFiles, by: nil) }
            }
        }
    }
}
