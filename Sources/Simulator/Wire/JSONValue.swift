import Model

/// JSON for the simulator's responses; the order of fields is preserved.
indirect enum JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    case text(String)
    case integer(Int)
    case decimal(Double)
    case boolean(Bool)
    case null
    case list([JSONValue])
    case object([(String, JSONValue)])

    init(stringLiteral value: String) { self = .text(value) }
    init(integerLiteral value: Int) { self = .integer(value) }
    init(arrayLiteral elements: JSONValue...) { self = .list(elements) }
    init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(elements) }

    var serialized: String {
        switch self {
        case .text(let text): JSONText.quoted(text)
        case .integer(let number): String(number)
        case .decimal(let number): String(number)
        case .boolean(let value): value ? "true" : "false"
        case .null: "null"
        case .list(let elements): "[\(elements.map(\.serialized).joined(separator: ","))]"
        case .object(let fields):
            "{\(fields.map { "\(JSONText.quoted($0)):\($1.serialized)" }.joined(separator: ","))}"
        }
    }
}
