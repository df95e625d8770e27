import Foundation
import Guard
import Model

/// What a ledger would hold, through the same encoding.
struct KeptMemory {
    private(set) var memory = Memory()
    private(set) var decisions: [Decision] = []

    mutating func keep(_ record: LedgerRecord) throws {
        switch record {
        case .sample(let id, let stats, let at): memory.keep(.sample(id, try Self.copy(stats), at: at))
        case .campaign(let campaign): memory.keep(.campaign(try Self.copy(campaign)))
        case .launch(let launch): memory.keep(.launch(try Self.copy(launch)))
        case .poolState(let pool): memory.keep(.poolState(try Self.copy(pool)))
        case .senderChange(let change, _): _ = try Self.copy(change)
        case .workspace(let workspace): memory.keep(.workspace(try Self.copy(workspace)))
        case .decision(let decision): decisions.append(try Self.copy(decision))
        case .intent(let intent, _): _ = try Self.copy(intent)
        case .pool, .event: break
        }
    }

    private static func copy<Value: Codable>(_ value: Value) throws -> Value {
        try JSONDecoder().decode(Value.self, from: try JSONEncoder().encode(value))
    }
}
