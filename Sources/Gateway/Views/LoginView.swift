import HTTPTypes
import Pages

/// The form that takes the token.
enum LoginView {
    static func reply(_ status: HTTPResponse.Status, hasFailed: Bool = false) -> WebReply {
        var reply = WebReply.page(html(hasFailed), status)
        reply.hasForm = true
        return reply
    }

    private static func html(_ hasFailed: Bool) -> String {
        Layout.document("Log in", isLive: false) {
            Html("main", .set("id", "main"), .class("login")) {
                Html("h1") { "Log in to Sendwarden" }
                if hasFailed {
                    Html("p", .class("notice"), .set("role", "alert")) { "That is not the token of this daemon." }
                }
                Html("form", .set("method", "post"), .set("action", "/login")) {
                    Html("p") {
                        Html("label", .set("for", "token")) { "Token" }
                        Html.void(
                            "input", .set("id", "token"), .set("name", "token"), .set("type", "password"),
                            .set("autocomplete", "current-password"), .flag("required"), .flag("autofocus"))
                    }
                    Html("p") { Html("button", .set("type", "submit")) { "Log in" } }
                }
                Html("p") { "The token is in the file that the daemon was started with." }
            }
        }
    }
}
