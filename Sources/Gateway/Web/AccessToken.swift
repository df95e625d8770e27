import Synchronization

/// The secret that every request must present; its descriptions and its mirror never reveal it.
package struct AccessToken: Sendable, CustomStringConvertible, CustomReflectable {
    /// Long enough that nobody guesses it.
    package static let bytesMin = 16

    private let bytes: [UInt8]

    /// Nil if the token is too short.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count >= AccessToken.bytesMin else { return nil }
        self.bytes = bytes
    }

    /// Takes the same time for all texts of one length.
    func matches(_ text: some StringProtocol) -> Bool {
        let given = Array(text.utf8)
        var difference = given.count ^ bytes.count
        for (index, byte) in bytes.enumerated() {
            difference |= Int(byte ^ (index < given.count ? given[index] : 0))
        }
        return difference == 0
    }

    package var description: String { "[token]" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// The browsers that have logged in with the token; they log in again after a restart.
final class Sessions: Sendable {
    /// A working day.
    static let lifetime: Duration = .seconds(12 * 3600)
    /// More than operators have browsers; another login ends the oldest session.
    static let sessionsMax = 64
    static let cookie = "sendwarden-session"

    private let expiries = Mutex<[String: ContinuousClock.Instant]>([:])

    /// The secret of a new session.
    func open() -> String {
        var generator = SystemRandomNumberGenerator()
        let secret = (0..<4).map { _ in
            let digits = String(generator.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
        expiries.withLock { expiries in
            expiries = expiries.filter { $0.value > .now }
            if expiries.count >= Sessions.sessionsMax, let oldest = expiries.min(by: { $0.value < $1.value }) {
                expiries[oldest.key] = nil
            }
            expiries[secret] = .now + Sessions.lifetime
        }
        return secret
    }

    func isOpen(_ secret: some StringProtocol) -> Bool {
        expiries.withLock { $0[String(secret)].map { $0 > .now } ?? false }
    }
}
