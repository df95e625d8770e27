package import Guard
package import Model
package import Policy

/// Replays a recording through policies; the samples of each campaign must be sorted by time.
///
/// Campaigns are distributed over workers that share no state.
package struct Backtest: Sendable {
    /// A campaign and its replays, one for each policy.
    private struct Lane: Sendable {
        var replays: [CampaignReplay]
        var firstAt: Int64
        var lastAt: Int64
    }

    /// The campaigns whose number modulo the worker count is this worker's index; nil until the first sample.
    private struct Worker: Sendable {
        var lanes: [Lane?] = []
    }

    package private(set) var names: [String] = []
    package private(set) var labels: [String: String] = [:]
    package private(set) var samples = 0
    private var numbers: [String: Int32] = [:]
    private var workers: [Worker]
    private let policies: [CheckedPolicy]

    /// - Parameter workers: the number of concurrent workers, usually one for each processor.
    package init(policies: [CheckedPolicy], workers: Int) {
        self.policies = policies
        self.workers = Array(repeating: Worker(), count: max(1, workers))
    }

    /// The campaign's number in the recording.
    package mutating func number(_ name: String) -> Int32 {
        if let number = numbers[name] { return number }
        let number = Int32(names.count)
        names.append(name)
        numbers[name] = number
        return number
    }

    package mutating func note(label: String, of name: String) { labels[name] = labels[name] ?? label }

    /// Replays consecutive pieces of a recording, whose campaign numbers are those of ``number(_:)``.
    @concurrent
    package mutating func replay(_ pieces: [[RecordedSample]]) async throws(RecordingFault) {
        for piece in pieces { samples += piece.count }
        let count = workers.count
        let (policies, names) = (policies, names)
        let results = await withTaskGroup(of: (Int, Result<Worker, RecordingFault>).self) { group in
            for index in workers.indices {
                var worker = workers[index]
                workers[index] = Worker()
                group.addTask {
                    let result = Result { () throws(RecordingFault) in
                        for piece in pieces {
                            try Backtest.run(&worker, piece, index, count, policies, names)
                        }
                        return worker
                    }
                    return (index, result)
                }
            }
            var results: [(Int, Result<Worker, RecordingFault>)] = []
            for await result in group { results.append(result) }
            return results
        }
        for (index, result) in results { workers[index] = try result.get() }
    }

    private static func run(
        _ worker: inout Worker, _ piece: [RecordedSample], _ index: Int, _ count: Int, _ policies: [CheckedPolicy],
        _ names: [String]
    ) throws(RecordingFault) {
        for sample in piece where Int(sample.campaign) % count == index {
            let slot = Int(sample.campaign) / count
            while worker.lanes.count <= slot { worker.lanes.append(nil) }
            if worker.lanes[slot] == nil {
                let name = names[Int(sample.campaign)]
                guard let id = CampaignID(name) else {
                    throw RecordingFault(line: 0, message: "'\(name.prefix(40))' is not a valid campaign id")
                }
                worker.lanes[slot] = Lane(
                    replays: policies.map {
                        CampaignReplay(
                            $0.campaign(id) ?? CampaignEntry(id: id, workspace: $0.workspace.name), policy: $0)
                    },
                    firstAt: sample.at, lastAt: .min)
            }
            guard let last = worker.lanes[slot]?.lastAt, sample.at >= last else {
                throw RecordingFault(
                    line: 0,
                    message: "the samples of \(names[Int(sample.campaign)]) are not sorted by time at "
                        + Instant(milliseconds: sample.at).rfc3339)
            }
            let stats = sample.stats
            worker.lanes[slot]?.lastAt = sample.at
            for policy in policies.indices {
                worker.lanes[slot]?.replays[policy].observe(stats, at: Instant(milliseconds: sample.at))
            }
        }
    }

    // MARK: Figures

    /// The outcome of one campaign under one policy.
    package struct Course: Sendable {
        package var campaign: String
        package var label: String?
        package var stops: [CampaignReplay.Stop]
        package var sent: Double
        package var bounced: Double
        package var firings: [CampaignReplay.Firings]
        package var from: Instant
    }

    package var from: Instant? { lanes.map(\.1.firstAt).min().map { Instant(milliseconds: $0) } }
    package var until: Instant? { lanes.map(\.1.lastAt).max().map { Instant(milliseconds: $0) } }

    private var lanes: [(Int32, Lane)] {
        workers.enumerated().flatMap { index, worker in
            worker.lanes.enumerated().compactMap { slot, lane in
                lane.map { (Int32(slot * workers.count + index), $0) }
            }
        }.sorted { $0.0 < $1.0 }
    }

    /// Every campaign under one policy, in the order of their first samples.
    package func courses(_ policy: Int) -> [Course] {
        lanes.map { number, lane in
            let replay = lane.replays[policy]
            let name = names[Int(number)]
            return Course(
                campaign: name, label: labels[name], stops: replay.stops, sent: replay.total.sent,
                bounced: replay.total.bounced, firings: replay.firings, from: Instant(milliseconds: lane.firstAt))
        }
    }
}
