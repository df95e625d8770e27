import Guard
import Model
import Providers

/// Sends the guard's requests, one call each, and brings back the event that each ends in.
struct RequestExecutor: Sendable {
    var platforms: Platforms
    let time: any TimeSource
    /// A number within 0…1, new at each call.
    let random: @Sendable () -> Double

    /// - Parameters:
    ///   - query: for a pool that the policy gives a name, what is to be found out about it.
    ///   - operation: for a change of members, which one is under way.
    func poll(
        _ target: Target, in workspace: WorkspaceName, query: RosterQuery?, operation: OperationID?
    ) async -> Event {
        let askedAt = time.now
        // An answer is as old as its request, not as the wait before that.
        let departure = Departure()
        let result = await Departure.$current.withValue(departure) {
            () async -> Result<PollOutcome.Reading, Fault> in
            do throws(Fault) {
                return .success(
                    try await platforms.poll(target, in: workspace, query: query, operation: operation))
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
