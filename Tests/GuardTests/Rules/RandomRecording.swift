import Model
import TestSupport

/// A simulated campaign in steps of a minute, with the platform's answers whether it is paused or not.
struct RandomRecording {
    /// The events between two samples, and the fields missing from the answer at the end.
    struct Step {
        var at: Instant
        var sent = 0
        var delivered = 0
        var bounced = 0
        var replied = 0
        /// The platform restarts its counters first.
        var isRestart = false
        /// The answer is from a replica without data.
        var isBehind = false
        var lacksSent = false
        var lacksDelivered = false
        var lacksBounced = false
    }

    /// The platform's counters.
    struct Platform {
        private var sent = 0
        private var delivered = 0
        private var bounced = 0
        private var replied = 0
        private var queued = 0
        private var enrolled = 0

        /// Applies a step and returns the platform's answer.
        mutating func answer(to step: Step, isPaused: Bool) -> CampaignStats {
            if step.isRestart { (sent, delivered, bounced, replied) = (0, 0, 0, 0) }
            if enrolled == 0 || (step.sent > 0 && queued == 0) { queued = enrolled }
            enrolled = RandomRecording.enrolled
            if !isPaused {
                sent += step.sent
                delivered += step.delivered
                bounced += step.bounced
                replied += step.replied
                queued -= step.sent
            }
            let hides = step.isBehind ? 0 : 1
            return CampaignStats(
                totalEnrolled: enrolled, sent: step.lacksSent ? nil : sent * hides,
                delivered: step.lacksDelivered ? nil : max(0, delivered) * hides,
                bounced: step.lacksBounced ? nil : bounced * hides, replied: replied * hides, queued: queued)
        }
    }

    static let enrolled = 20_000
    static let start = Instant(milliseconds: 1_796_000_000_000)
    /// Counters restart only after this many emails, so that a fall can be recognized.
    private static let restartMin = 150

    private(set) var steps: [Step] = []

    /// A list of alternating quality, with gaps, late bounces, outages, restarts and lagging replicas.
    ///
    /// - Parameter lackingFirst: how many of the first answers lack `bounced`; the bounces count nevertheless.
    init(_ seed: UInt64, count: Int, every interval: Duration, lackingFirst: Int) {
        var generator = SeededGenerator(seed: seed)
        func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &generator) < share }
        var at = RandomRecording.start
        var (share, replies) = (0.1, 0.05)
        var (sinceRestart, lastRestart) = (0, 0)
        let draft = chance(0.3) ? 10 : 0
        for index in 0..<count {
            if index % 120 == 0 {
                share = chance(0.5) ? 0.01 : Double.random(in: 0.04...0.2, using: &generator)
                replies = chance(0.5) ? 0.01 : 0.15
            }
            // An outage of up to nine answers.
            at = at + interval * (chance(0.01) ? Int.random(in: 2...10, using: &generator) : 1)
            var step = Step(at: at)
            defer { steps.append(step) }
            if index < draft { continue }
            step.lacksBounced = index < lackingFirst
            if index > lackingFirst, chance(0.06) {
                // Nothing is sent before an incomplete answer, so that the missing values are known.
                step.isBehind = chance(0.2)
                // The fields that show a fall are present; without them it cannot be detected.
                step.lacksSent = chance(0.3) && !step.isBehind && index > lastRestart + 3
                (step.lacksDelivered, step.lacksBounced) = (chance(0.3), chance(0.5))
                continue
            }
            if sinceRestart > RandomRecording.restartMin, chance(0.006) {
                step.isRestart = true
                (sinceRestart, lastRestart) = (0, index)
            }
            for _ in 0..<Int.random(in: 0...4, using: &generator) {
                step.sent += 1
                if chance(share) { step.bounced += 1 } else if chance(0.95) { step.delivered += 1 }
                if chance(replies) { step.replied += 1 }
            }
            // A delivered email that bounces later.
            if sinceRestart > 20, chance(0.02) {
                step.delivered -= 1
                step.bounced += 1
            }
            sinceRestart += step.sent
        }
    }
}
