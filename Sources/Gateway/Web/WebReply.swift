import HTTPTypes
import Pages

/// A response of the status page, with the headers that all of them have.
struct WebReply: Sendable {
    var status: HTTPResponse.Status
    var type: String
    var body: String
    var fields: HTTPFields = [:]
    /// True if the page has a form that it sends to this server.
    var hasForm = false

    static func page(_ html: String, _ status: HTTPResponse.Status = .ok) -> WebReply {
        WebReply(status: status, type: "text/html; charset=utf-8", body: html)
    }

    static func plain(_ status: HTTPResponse.Status, _ sentence: String) -> WebReply {
        WebReply(status: status, type: "text/plain; charset=utf-8", body: sentence + "\n")
    }

    /// Nothing but this server's own style and script is loaded, and no other page can embed or read this one.
    private static let policy =
        "default-src 'none'; style-src 'self'; img-src 'self' data:; connect-src 'self'; script-src 'self'; "
        + "base-uri 'none'; frame-ancestors 'none'; form-action "

    var head: HTTPResponse {
        var head = HTTPResponse(status: status, headerFields: fields)
        head.headerFields[.contentType] = type
        head.headerFields[.cacheControl] = "no-store"
        for (name, value) in [
            ("Content-Security-Policy", WebReply.policy + (hasForm ? "'self'" : "'none'")),
            ("X-Content-Type-Options", "nosniff"), ("X-Frame-Options", "DENY"), ("Referrer-Policy", "no-referrer"),
            ("Cross-Origin-Opener-Policy", "same-origin"), ("Cross-Origin-Resource-Policy", "same-origin"),
        ] {
            if let name = HTTPField.Name(name) { head.headerFields[name] = value }
        }
        return head
    }
}
