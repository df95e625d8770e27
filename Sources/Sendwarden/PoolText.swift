import Daemon
import Guard
import Ledger
import Model

/// Pools in words, for every screen that shows them.
enum PoolText {
    /// What is left of its volume.
    static func volume(_ pool: GuardStatus.PoolStatus) -> String {
        guard let capacity = pool.dailyCapacity, let remaining = pool.remainingVolume else {
            return "volume unknown, \(pool.reserved) promised"
        }
        let renewal = pool.renewsAt.map { "; renewed at \($0.clockTime)" } ?? ""
        return "\(capacity - remaining) used, \(pool.reserved) promised, \(max(0, remaining - pool.reserved)) of "
            + "\(capacity) left\(renewal)"
    }

    /// Its members; nil where the platform does not tell.
    static func senders(_ pool: GuardStatus.PoolStatus) -> String? {
        guard let senders = pool.senders else { return nil }
        let active = pool.activeSenders.map { ", \($0) of them can send" } ?? ""
        let removed = pool.removedSenders.isEmpty ? "" : ", \(pool.removedSenders.count) removed by rules"
        return "\(senders) sender\(senders == 1 ? "" : "s")\(active)\(removed)"
    }

    static func tags(_ tags: [String: String]) -> String {
        tags.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
    }
}

extension DecisionRecord {
    /// What it is about.
    var subject: String {
        campaign?.text ?? [pool.map { "pool \($0)" }, sender].compactMap { $0 }.joined(separator: ", ")
    }
}
