import Foundation
import Guard
import Model

/// Stores records as a ledger would, with the same encoding.
struct StoredMemory {
    private(set) var memory = Memory()
    private(set) var decisions: [Decision] = []

    mutating func store(_ record: LedgerRecord) throws {
        switch record {
        case .sample(let id, let stats, let at): memory.store(.sample(id, try Self.copy(stats), at: at))
        case .campaign(let campaign): memory.store(.campaign(try Self.copy(campaign)))
        case .launch(let launch): memory.store(.launch(try Self.copy(launch)))
        case .poolState(let pool): memory.store(.poolState(try Self.copy(pool)))
        case .senderChange(let change, _): _ = try Self.copy(change)
        case .workspace(let workspace): memory.store(.workspace(try Self.copy(workspace)))
        case .decision(let decision): decisions.append(try Self.copy(decision))
        case .intent(let intent, _): _ = try Self.copy(intent)
        case .pool, .event, .outbox: break
        }
    }

    private static func copy<Value: Codable>(_ value: Value) throws -> Value {
        try JSONDecoder().decode(Value.self, from: try JSONEncoder().encode(value))
    }
}
