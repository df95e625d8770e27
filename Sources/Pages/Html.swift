/// A piece of HTML or SVG.
///
/// Values enter it only as text or as the values of attributes, and both are escaped. The names of elements and
/// attributes are literals of this program.
package struct Html: Sendable, Hashable {
    package let markup: String

    fileprivate init(markup: String) { self.markup = markup }

    /// An element with its end tag.
    package init(
        _ name: StaticString, _ attributes: HtmlAttribute..., @HtmlBuilder content: () -> Html = { .nothing }
    ) {
        self.init(name, attributes, content: content)
    }

    /// The same with computed attributes.
    package init(
        _ name: StaticString, _ attributes: [HtmlAttribute], @HtmlBuilder content: () -> Html = { .nothing }
    ) {
        markup = "<\(name)\(attributes.map(\.markup).joined())>\(content().markup)</\(name)>"
    }

    /// An element that has no content and no end tag, such as `meta`.
    package static func void(_ name: StaticString, _ attributes: HtmlAttribute...) -> Html {
        Html(markup: "<\(name)\(attributes.map(\.markup).joined())>")
    }

    package static let nothing = Html(markup: "")

    /// The text, escaped.
    package static func text(_ text: String) -> Html { Html(markup: MarkupText.escaped(text)) }

    package static func group(_ parts: [Html]) -> Html { Html(markup: parts.map(\.markup).joined()) }

    /// A whole document; its first element is `html`.
    package static func document(_ root: Html) -> String { "<!doctype html>\n\(root.markup)\n" }
}

/// An attribute of an element.
package struct HtmlAttribute: Sendable, Hashable {
    fileprivate let markup: String

    /// An attribute whose value is escaped.
    package static func set(_ name: StaticString, _ value: String) -> HtmlAttribute {
        HtmlAttribute(markup: " \(name)=\"\(MarkupText.escaped(value))\"")
    }

    /// An attribute without a value.
    package static func flag(_ name: StaticString) -> HtmlAttribute { HtmlAttribute(markup: " \(name)") }

    package static func `class`(_ value: String) -> HtmlAttribute { set("class", value) }

    /// A link within this site; a value cannot lead elsewhere.
    package static func href(_ path: SitePath) -> HtmlAttribute { set("href", path.text) }

    /// The outline of an SVG path, which can be long.
    static func outline(_ value: String) -> HtmlAttribute {
        HtmlAttribute(markup: " d=\"\(MarkupText.escapedWhole(value))\"")
    }
}

/// The path of a page of this site, with its query.
package struct SitePath: Sendable, Hashable {
    package let text: String

    /// - Parameter query: values may be any text; nil values are omitted.
    package init(_ path: StaticString, query: [(name: StaticString, value: String?)] = []) {
        let items = query.compactMap { item in item.value.map { "\(item.name)=\(SitePath.encoded($0))" } }
        text = "\(path)" + (items.isEmpty ? "" : "?" + items.joined(separator: "&"))
    }

    private static func encoded(_ text: String) -> String {
        text.utf8.reduce(into: "") { encoded, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default: encoded += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }
    }
}

/// Builds the content of an element; strings become text.
@resultBuilder
package enum HtmlBuilder {
    package static func buildExpression(_ text: String) -> Html { .text(text) }
    package static func buildExpression(_ html: Html) -> Html { html }
    package static func buildExpression(_ parts: [Html]) -> Html { .group(parts) }
    package static func buildBlock(_ parts: Html...) -> Html { .group(parts) }
    package static func buildOptional(_ part: Html?) -> Html { part ?? .nothing }
    package static func buildEither(first part: Html) -> Html { part }
    package static func buildEither(second part: Html) -> Html { part }
    package static func buildArray(_ parts: [Html]) -> Html { .group(parts) }
}
