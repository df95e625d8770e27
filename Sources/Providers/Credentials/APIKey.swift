/// A platform's secret key.
///
/// It prints as nothing of itself, whatever it is printed by.
package struct APIKey: Sendable {
    private let secret: String

    package init(_ secret: String) {
        self.secret = secret
    }

    /// The value of an `Authorization` header; for the request alone.
    var bearer: String { "Bearer \(secret)" }
}

extension APIKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "[key]" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
