import Foundation
import Model

/// The template of a webhook's body: JSON with placeholders such as `{{text}}`.
package struct BodyTemplate: Hashable, Sendable {
    package enum Placeholder: String, CaseIterable, Sendable {
        case title, text, severity, receiver, count, events
    }

    /// The values of the placeholders.
    package struct Values: Sendable {
        package var title: String
        package var text: String
        package var severity: String
        package var receiver: String
        package var count: Int
        /// A JSON array.
        package var events: String

        package init(title: String, text: String, severity: String, receiver: String, count: Int, events: String) {
            (self.title, self.text, self.severity, self.receiver) = (title, text, severity, receiver)
            (self.count, self.events) = (count, events)
        }
    }

    package enum Flaw: Error, Hashable, Sendable {
        case unknownPlaceholder(String)
        case unclosed
        case notJSON
    }

    private enum Part: Hashable, Sendable {
        case text(String)
        case value(Placeholder)
    }

    private let parts: [Part]

    package init(_ text: String) throws(Flaw) {
        var parts: [Part] = []
        var rest = text[...]
        while let start = rest.firstRange(of: "{{") {
            parts.append(.text(String(rest[..<start.lowerBound])))
            guard let end = rest[start.upperBound...].firstRange(of: "}}") else { throw .unclosed }
            let name = rest[start.upperBound..<end.lowerBound].trimmingSpaces
            guard let placeholder = Placeholder(rawValue: name) else { throw .unknownPlaceholder(name) }
            parts.append(.value(placeholder))
            rest = rest[end.upperBound...]
        }
        parts.append(.text(String(rest)))
        self.parts = parts
        // Texts with quotes are valid only inside a JSON string, and an array only outside of one.
        let probe = Values(
            title: "a \"b\" \\ c", text: "a\n\"b\"", severity: "\"", receiver: "\"", count: 1, events: "[\"a\"]")
        let body = Data(filled(probe).utf8)
        guard (try? JSONSerialization.jsonObject(with: body, options: [.fragmentsAllowed])) != nil else {
            throw .notJSON
        }
    }

    /// The body with each text escaped for the inside of a JSON string.
    package func filled(_ values: Values) -> String {
        parts.map { part in
            switch part {
            case .text(let text): text
            case .value(.title): BodyTemplate.escaped(values.title)
            case .value(.text): BodyTemplate.escaped(values.text)
            case .value(.severity): BodyTemplate.escaped(values.severity)
            case .value(.receiver): BodyTemplate.escaped(values.receiver)
            case .value(.count): "\(values.count)"
            case .value(.events): values.events
            }
        }.joined()
    }

    private static func escaped(_ text: String) -> String { String(JSONText.quoted(text).dropFirst().dropLast()) }
}
