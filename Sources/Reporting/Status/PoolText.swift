import Guard
import Model

/// Descriptions of pools, shared by the screens that show them.
package enum PoolText {
    /// Its volume: used, reserved and left.
    package static func volume(_ pool: GuardStatus.PoolStatus) -> String {
        guard let capacity = pool.dailyCapacity, let remaining = pool.remainingVolume else {
            return "volume unknown, \(pool.reserved) reserved"
        }
        let reset = pool.renewsAt.map { "; resets at \($0.clockTime)" } ?? ""
        return "\(capacity - remaining) used, \(pool.reserved) reserved, \(max(0, remaining - pool.reserved)) of "
            + "\(capacity) left\(reset)"
    }

    /// Its members; nil if the platform does not report them.
    package static func senders(_ pool: GuardStatus.PoolStatus) -> String? {
        guard let senders = pool.senders else { return nil }
        let active = pool.activeSenders.map { ", \($0) can send" } ?? ""
        let removed = pool.removedSenders.isEmpty ? "" : ", \(pool.removedSenders.count) removed by rules"
        return "\(senders) sender\(senders == 1 ? "" : "s")\(active)\(removed)"
    }

    package static func tags(_ tags: [String: String]) -> String {
        tags.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
    }
}
