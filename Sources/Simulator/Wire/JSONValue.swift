/// JSON as the simulator writes it; fields stay in the order in which they are given.
indirect enum JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    case text(String)
    case integer(Int)
    case decimal(Double)
    case null
    case list([JSONValue])
    case object([(String, JSONValue)])

    init(stringLiteral value: String) { self = .text(value) }
    init(integerLiteral value: Int) { self = .integer(value) }
    init(arrayLiteral elements: JSONValue...) { self = .list(elements) }
    init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(elements) }

    var serialized: String {
        switch self {
        case .text(let text): JSONValue.quoted(text)
        case .integer(let number): String(number)
        case .decimal(let number): String(number)
        case .null: "null"
        case .list(let elements): "[\(elements.map(\.serialized).joined(separator: ","))]"
        case .object(let fields):
            "{\(fields.map { "\(JSONValue.quoted($0)):\($1.serialized)" }.joined(separator: ","))}"
        }
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\u{0}"..<" ": quoted += "\\u" + String(String(scalar.value + 0x10000, radix: 16).dropFirst())
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
