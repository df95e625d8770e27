/// A platform's secret key.
///
/// It prints as nothing of itself, whatever it is printed by.
package struct APIKey: Sendable {
    /// For the requests' header alone.
    let secret: String

    package init(_ secret: String) {
        self.secret = secret
    }

    /// True where it is a pair, `account_id:auth_token` for instance, as Basic authentication asks for.
    package var isPair: Bool {
        let parts = secret.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { !$0.isEmpty }
    }
}

extension APIKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "[key]" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
