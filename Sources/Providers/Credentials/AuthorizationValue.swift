import FoundationEssentials

/// The value of an `Authorization` header, which its descriptions and its mirror never reveal.
package struct AuthorizationValue: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Only for the request.
    package let header: String

    package static func bearer(_ key: APIKey) -> AuthorizationValue {
        AuthorizationValue(header: "Bearer \(key.secret)")
    }

    /// - Parameter key: `user:password`.
    package static func basic(_ key: APIKey) -> AuthorizationValue {
        AuthorizationValue(header: "Basic \(Data(key.secret.utf8).base64EncodedString())")
    }

    private init(header: String) { self.header = header }

    package var description: String { "[authorization]" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
