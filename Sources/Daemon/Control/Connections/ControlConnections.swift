import NIOCore
import Synchronization

/// The connections of one listener; closes those that the table replaces.
final class ControlConnections: Sendable {
    /// The most open connections: far more than operators and scrapers need.
    ///
    /// Two listeners use an eighth of the default limit of 1024 descriptors; requests to the platform need the others.
    static let connectionsMax = 64

    private struct State {
        var table = ConnectionTable(connectionsMax: ControlConnections.connectionsMax)
        var channels: [ConnectionTable.ID: any Channel] = [:]
    }

    private let state = Mutex(State())

    /// Adds a connection; nil if it must be closed.
    func open(_ channel: any Channel) -> ConnectionTable.ID? {
        let (id, other) = state.withLock { state -> (ConnectionTable.ID?, (any Channel)?) in
            switch state.table.open() {
            case .accepted(let id):
                state.channels[id] = channel
                return (id, nil)
            case .replaced(let id, let victim):
                state.channels[id] = channel
                return (id, state.channels.removeValue(forKey: victim))
            case .refused: return (nil, nil)
            }
        }
        other?.close(promise: nil)
        return id
    }

    func move(_ id: ConnectionTable.ID, to stage: ConnectionTable.Stage) {
        state.withLock { $0.table.move(id, to: stage) }
    }

    func close(_ id: ConnectionTable.ID) {
        state.withLock { state in
            state.table.close(id)
            state.channels[id] = nil
        }
    }
}
