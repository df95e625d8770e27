import Guard
import Model
import Providers

/// Sends the guard's requests; each call returns the event in which the request ends.
struct RequestExecutor: Sendable {
    var platforms: Platforms
    let time: any TimeSource
    /// Returns a new random number in 0…1.
    let random: @Sendable () -> Double

    /// - Parameters:
    ///   - query: what to read of a pool under the policy's `pools`; nil for other targets.
    ///   - operation: the operation to poll; nil for other targets.
    ///   - extras: the counters that rules on the campaign read and that cost a request of their own.
    func poll(
        _ target: Target, in workspace: WorkspaceName, query: RosterQuery?, operation: OperationID?,
        extras: Set<ExtraCounter>
    ) async -> Event {
        let askedAt = time.now
        // A response is as old as its request, without the wait before it.
        let departure = Departure()
        let result = await Departure.$current.withValue(departure) {
            () async -> Result<PollOutcome.Reading, Fault> in
            do throws(Fault) {
                return .success(
                    try await platforms.poll(
                        target, in: workspace, query: query, operation: operation, extras: extras))
            } catch {
                return .failure(error)
            }
        }
        return .polled(PollOutcome(target: target, requestedAt: departure.instant ?? askedAt, result: result))
    }

    func act(_ intent: Intent, in workspace: WorkspaceName) async -> Event {
        let result: Result<ActionAnswer, Fault>
        do throws(Fault) {
            result = .success(try await platforms.act(intent, in: workspace))
        } catch {
            result = .failure(error)
        }
        return .answered(intent, result, jitter: random())
    }

    func carryOut(_ change: SenderChange, in workspace: WorkspaceName) async -> Event {
        do throws(Fault) {
            return .changed(change, .success(try await platforms.carryOut(change, in: workspace)))
        } catch {
            return .changed(change, .failure(error))
        }
    }
}
