import FoundationEssentials

/// The value of an `Authorization` header, which its descriptions and its mirror never reveal.
struct AuthorizationValue: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Only for the request.
    let header: String

    static func bearer(_ key: APIKey) -> AuthorizationValue { AuthorizationValue(header: "Bearer \(key.secret)") }

    /// - Parameter key: `user:password`.
    static func basic(_ key: APIKey) -> AuthorizationValue {
        AuthorizationValue(header: "Basic \(Data(key.secret.utf8).base64EncodedString())")
    }

    private init(header: String) { self.header = header }

    var description: String { "[authorization]" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: []) }
}
