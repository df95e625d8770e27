import NIOCore
import Synchronization

/// The connections of one listener; closes those that the table replaces.
package final class ListenerConnections: Sendable {
    /// The most open connections: far more than operators and scrapers need.
    ///
    /// Three listeners use a fifth of the default limit of 1024 descriptors; requests to the platform need the others.
    package static let connectionsMax = 64

    private struct State {
        var table = ConnectionTable(connectionsMax: ListenerConnections.connectionsMax)
        var channels: [ConnectionTable.ID: any Channel] = [:]
    }

    private let state = Mutex(State())

    package init() {}

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
