/// A platform's secret key, which its descriptions and its mirror never reveal.
package struct APIKey: Sendable {
    /// Only for the request, and for the key's file.
    package let secret: String

    package init(_ secret: String) {
        self.secret = secret
    }

    /// The content of the key's file; only for writing that file.
    package var fileContent: [UInt8] { Array((secret + "\n").utf8) }

    package func isSame(as other: APIKey) -> Bool { secret == other.secret }

    /// True if the key is a pair such as `account_id:auth_token`, as Basic authentication requires.
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
