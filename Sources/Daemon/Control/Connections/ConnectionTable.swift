/// The open connections of one listener, and which of them gives way to a new one where there are too many.
package struct ConnectionTable: Sendable {
    package typealias ID = Int

    /// How far a connection is.
    package enum Stage: Sendable, Hashable {
        /// Its request is not complete, or it is idle between two.
        case reading
        /// Its request is complete and is being answered; an order changes something, a question does not.
        case answering(isOrder: Bool)
        /// Its answer is being written.
        case writing
    }

    /// What becomes of a new connection.
    package enum Opening: Sendable, Hashable {
        case accepted(ID)
        /// Accepted, and the other is to be closed.
        case replaced(ID, closing: ID)
        /// Every connection waits for the answer to an order: the new one is to be closed.
        case refused
    }

    private struct Connection {
        var stage: Stage
        /// Counts the changes of all connections' stages.
        var since: Int
    }

    private let connectionsMax: Int
    private var connections: [ID: Connection] = [:]
    private var lastID = 0
    private var changes = 0

    /// - Parameter connectionsMax: at least 1.
    package init(connectionsMax: Int) { self.connectionsMax = connectionsMax }

    package var count: Int { connections.count }

    /// Takes a new connection in, in place of another where there are too many.
    ///
    /// The one that has made no progress for longest gives way, but none that waits for the answer to an order. An
    /// operator's connection that is idle between two requests is the youngest of all, and stays.
    package mutating func open() -> Opening {
        var victim: ID?
        if connections.count >= connectionsMax {
            guard let longest = longestWaiting else { return .refused }
            connections[longest] = nil
            victim = longest
        }
        lastID += 1
        enter(.reading, lastID)
        return victim.map { .replaced(lastID, closing: $0) } ?? .accepted(lastID)
    }

    /// Notes how far a connection is; one that has given way stays out.
    package mutating func move(_ id: ID, to stage: Stage) {
        if connections[id] != nil { enter(stage, id) }
    }

    package mutating func close(_ id: ID) { connections[id] = nil }

    private mutating func enter(_ stage: Stage, _ id: ID) {
        changes += 1
        connections[id] = Connection(stage: stage, since: changes)
    }

    private var longestWaiting: ID? {
        connections.filter { $0.value.stage != .answering(isOrder: true) }.min { $0.value.since < $1.value.since }?.key
    }
}
