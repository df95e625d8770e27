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
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    package static func value<Value: Decodable>(_ type: Value.Type, from data: Data) throws -> Value {
        let decoder = JSONDecoder()
        decoder.userInfo[Instant.asText] = true
        return try decoder.decode(type, from: data)
    }
}
