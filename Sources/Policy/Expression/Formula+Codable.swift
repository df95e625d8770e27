/// The form stored in ledgers.
///
/// Calls are stored by name. Earlier versions stored a case for each function and each operator. Operators are still
/// stored that way, and the earlier cases of functions can still be read.
extension Formula: Codable {
    private enum Key: String, CodingKey {
        case constant, gauge, call, negate, add, subtract, multiply, divide
        /// Cases of earlier versions.
        case bounceRate, increase, rate, age, wilson
    }

    private enum Part: String, CodingKey {
        case first = "_0"
        case second = "_1"
        case third = "_2"
        case confidence
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        guard let key = container.allKeys.first else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "the formula has no known case"))
        }
        let parts = try container.nestedContainer(keyedBy: Part.self, forKey: key)
        func first<Value: Decodable>() throws -> Value { try parts.decode(Value.self, forKey: .first) }
        func second<Value: Decodable>() throws -> Value { try parts.decode(Value.self, forKey: .second) }
        func count(_ part: Part) throws -> CallArgument {
            .number(try parts.decode(Formula.self, forKey: part), .count)
        }
        func call(_ name: String, _ arguments: [CallArgument]) throws -> Formula {
            guard let function = Registry.function(name), let call = Call(function, arguments) else {
                throw DecodingError.dataCorruptedError(
                    forKey: key, in: container, debugDescription: "no function '\(name)' takes these arguments")
            }
            return .call(call)
        }
        switch key {
        case .constant: self = .constant(try first())
        case .gauge: self = .gauge(try first())
        case .call:
            let stored: StoredCall = try first()
            self = try call(stored.name, stored.arguments)
        case .negate: self = .negate(try first())
        case .add: self = .arithmetic(.add, try first(), try second())
        case .subtract: self = .arithmetic(.subtract, try first(), try second())
        case .multiply: self = .arithmetic(.multiply, try first(), try second())
        case .divide: self = .arithmetic(.divide, try first(), try second())
        case .bounceRate: self = try call("bounceRate", [.window(try first())])
        case .increase: self = try call("increase", [.counter(try first()), .window(try second())])
        case .rate: self = try call("rate", [.counter(try first()), .window(try second())])
        case .age: self = try call("age", [.source(try first())])
        case .wilson:
            let confidence = Formula.constant(try parts.decode(Double.self, forKey: .confidence))
            self = try call(try first(), [try count(.second), try count(.third), .number(confidence, .ratio)])
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        func put(_ key: Key, _ first: some Encodable) throws {
            var parts = container.nestedContainer(keyedBy: Part.self, forKey: key)
            try parts.encode(first, forKey: .first)
        }
        switch self {
        case .constant(let value): try put(.constant, value)
        case .gauge(let gauge): try put(.gauge, gauge)
        case .call(let call): try put(.call, StoredCall(name: call.function.name, arguments: call.arguments))
        case .negate(let inner): try put(.negate, inner)
        case .arithmetic(let operation, let left, let right):
            var parts = container.nestedContainer(keyedBy: Part.self, forKey: Formula.key(operation))
            try parts.encode(left, forKey: .first)
            try parts.encode(right, forKey: .second)
        }
    }

    private static func key(_ operation: Arithmetic) -> Key {
        switch operation {
        case .add: .add
        case .subtract: .subtract
        case .multiply: .multiply
        case .divide: .divide
        }
    }

    private struct StoredCall: Codable {
        var name: String
        var arguments: [CallArgument]
    }
}
