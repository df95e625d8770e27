import Model
import Policy

/// The quiet hours of all workspaces, computed once a minute.
struct QuietClock: Sendable {
    /// Quiet hours begin and end on the minute.
    private static let minute: Int64 = 60_000

    private var current: Int64?
    private var spells: [WorkspaceName: QuietSpell] = [:]

    /// Prepares the quiet times of the minute that contains `wallTime`.
    mutating func advance(to wallTime: Instant, _ policy: CheckedPolicy) {
        let minute = QuietClock.minute(of: wallTime)
        guard minute != current else { return }
        current = minute
        spells = [:]
        guard policy.hasQuietHours else { return }
        for workspace in policy.workspaces {
            spells[workspace.name] = policy.quietHours(of: workspace.name).spell(at: wallTime)
        }
    }

    /// Computes everything again, because the policy changed.
    mutating func forget() { current = nil }

    /// The quiet time of a workspace; nil if nothing is quiet.
    func spell(of workspace: WorkspaceName, at wallTime: Instant, _ policy: CheckedPolicy) -> QuietSpell? {
        if QuietClock.minute(of: wallTime) == current { return spells[workspace] }
        return policy.hasQuietHours ? policy.quietHours(of: workspace).spell(at: wallTime) : nil
    }

    private static func minute(of time: Instant) -> Int64 {
        let (quotient, remainder) = time.milliseconds.quotientAndRemainder(dividingBy: minute)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
