package import FoundationEssentials
import Model

/// The JSON of all outputs: indented, with sorted keys and times as text.
package enum ReadableJSON {
    package static func text(_ value: some Encodable) throws -> String {
        try encoded(value, [.prettyPrinted])
    }

    /// The same JSON on one line.
    package static func line(_ value: some Encodable) throws -> String {
        try encoded(value, [])
    }

    private static func encoded(_ value: some Encodable, _ more: JSONEncoder.OutputFormatting) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = more.union([.sortedKeys, .withoutEscapingSlashes])
        encoder.userInfo[Instant.asText] = true
        return escaped(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    /// The same JSON with control and format characters escaped, so that a terminal shows it as it is.
    private static func escaped(_ json: String) -> String {
        if json.utf8.allSatisfy({ $0 < 0x7f }) { return json }
        return json.unicodeScalars.reduce(into: "") { escaped, scalar in
            guard scalar.isControlling, scalar != "\n" else { return escaped.unicodeScalars.append(scalar) }
            for unit in String(scalar).utf16 {
                let digits = String(unit, radix: 16)
                escaped += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
        }
    }

    package static func value<Value: Decodable>(_ type: Value.Type, from data: Data) throws -> Value {
        let decoder = JSONDecoder()
        decoder.userInfo[Instant.asText] = true
        return try decoder.decode(type, from: data)
    }
}
