import Model
import Pages
import Reporting

/// The part of a page that differs from the others.
protocol PageView {
    var title: String { get }
    /// The page in the navigation; nil for pages that are not there.
    var tab: Layout.Tab? { get }
    /// A sentence that screen readers announce when it changes.
    var headline: String { get }
    /// False for a page about the past, which does not change.
    var isLive: Bool { get }
    var sections: [Html] { get }
}

/// The frame of every page.
struct Layout {
    enum Tab: CaseIterable {
        case overview, decisions

        var name: String {
            switch self {
            case .overview: "Overview"
            case .decisions: "Decisions"
            }
        }

        var path: SitePath {
            switch self {
            case .overview: SitePath("/")
            case .decisions: SitePath("/decisions")
            }
        }
    }

    /// How often a page without scripts is loaded again.
    private static let refreshSeconds = 15

    private let status: GuardStatus

    init(_ status: GuardStatus) { self.status = status }

    func html(_ view: some PageView) -> String {
        let version: [HtmlAttribute] = view.isLive ? [.set("data-version", status.version)] : []
        return Layout.document(view.title, isLive: view.isLive, version) {
            header(view.tab)
            Html("main", .set("id", "main"), .set("tabindex", "-1")) {
                Html("h1") { view.title }
                Html("p", .set("id", "headline"), .set("role", "status"), .set("aria-live", "polite")) { view.headline }
                asOf(view.isLive)
                view.sections
            }
            footer
        }
    }

    /// A document with the style; pages that show the guard's state also have the script.
    static func document(
        _ title: String, isLive: Bool, _ attributes: [HtmlAttribute] = [], @HtmlBuilder content: () -> Html
    ) -> String {
        Html.document(
            Html("html", .set("lang", "en")) {
                Html("head") {
                    Html.void("meta", .set("charset", "utf-8"))
                    Html.void(
                        "meta", .set("name", "viewport"), .set("content", "width=device-width, initial-scale=1"))
                    Html.void("meta", .set("name", "color-scheme"), .set("content", "light dark"))
                    Html("title") { "\(title) – Sendwarden" }
                    Html.void("link", .set("rel", "icon"), .set("href", "data:,"))
                    Html.void("link", .set("rel", "stylesheet"), .href(SitePath("/style.css")))
                    if isLive {
                        Html("script", .set("src", "/live.js"), .flag("defer"))
                        Html("noscript") {
                            Html.void(
                                "meta", .set("http-equiv", "refresh"), .set("content", "\(refreshSeconds)"))
                        }
                    }
                }
                Html("body", attributes) { content() }
            })
    }

    private func header(_ tab: Tab?) -> Html {
        .group([
            Html("a", .class("skip"), .set("href", "#main")) { "Skip to the content" },
            Html("header") {
                Html("p", .class("brand")) { "Sendwarden" }
                Html("nav", .set("aria-label", "Pages")) {
                    Html("ul") {
                        for other in Tab.allCases {
                            Html("li") {
                                Html(
                                    "a",
                                    [.href(other.path)] + (other == tab ? [.set("aria-current", "page")] : [])
                                ) { other.name }
                            }
                        }
                    }
                }
            },
        ])
    }

    private func asOf(_ isLive: Bool) -> Html {
        Html("p", .class("as-of")) {
            "As of "
            Html("span", .set("id", "as-of")) { Layout.time(status.at) }
            ". "
            if isLive {
                Html("span", .set("id", "live"), .set("role", "status")) {}
                Html("noscript") { "Reloaded every \(Layout.refreshSeconds) seconds. " }
            }
        }
    }

    private var footer: Html {
        Html("footer") { Html("p") { "Sendwarden \(Version.current), read-only status page" } }
    }

    // MARK: Parts of several pages

    /// The time in a form that people and programs read.
    static func time(_ at: Instant) -> Html { Html("time", .set("datetime", at.toSecond)) { at.toSecond } }

    /// A section with its heading; the script replaces it when it changes.
    static func section(_ id: String, _ heading: String, @HtmlBuilder content: () -> Html) -> Html {
        Html("section", .set("id", id), .set("aria-labelledby", "\(id)-h"), .flag("data-live")) {
            Html("h2", .set("id", "\(id)-h")) { heading }
            content()
        }
    }

    /// A word in a box, with the color of its urgency.
    static func badge(_ text: String, _ tone: Tone) -> Html {
        Html("span", .class("badge \(tone.rawValue)")) { text }
    }

    enum Tone: String {
        case bad, odd, good, plain
    }

    static func link(_ campaign: CampaignID) -> SitePath {
        SitePath("/campaign", query: [("id", campaign.text)])
    }

    /// A notice that something is missing.
    static func incomplete(_ sentence: String?) -> Html {
        sentence.map { sentence in Html("p", .class("notice")) { "Incomplete: \(sentence)" } } ?? .nothing
    }
}

/// The page of something that does not exist.
struct MissingView: PageView {
    var what: String
    var title: String { "Not found" }
    var tab: Layout.Tab? { nil }
    var headline: String { "The guard does not know \(what)." }
    var isLive: Bool { false }
    var sections: [Html] { [] }
}
