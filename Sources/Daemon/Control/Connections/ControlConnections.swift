import NIOCore
import Synchronization

/// The connections of one listener: closes the one that gives way.
final class ControlConnections: Sendable {
    /// How many are open at a time: far more than operators and scrapers need, and with two listeners an eighth of the
    /// 1024 descriptors that a process may open by default, most of which belong to requests to the platform.
    static let connectionsMax = 64

    private struct State {
        var table = ConnectionTable(connectionsMax: ControlConnections.connectionsMax)
        var channels: [ConnectionTable.ID: any Channel] = [:]
    }

    private let state = Mutex(State())

    /// Takes a new connection in; nil where it is to be closed.
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
