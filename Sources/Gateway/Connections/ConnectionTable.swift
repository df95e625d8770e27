/// The open connections of one listener; if there are too many, selects one to close for a new one.
package struct ConnectionTable: Sendable {
    package typealias ID = Int

    /// The state of a connection.
    package enum Stage: Sendable, Hashable {
        /// Its request is not complete, or it is idle.
        case reading
        /// Its request is complete and waits for the answer.
        case answering(isOrder: Bool)
        /// Its response is being written.
        case writing
        /// Its response is a stream of events without an end; the server limits their number.
        case streaming
    }

    /// The outcome for a new connection.
    package enum Opening: Sendable, Hashable {
        case accepted(ID)
        /// Accepted; close the other connection.
        case replaced(ID, closing: ID)
        /// Every connection waits for the answer to an order or streams events: close the new one.
        case refused
    }

    private struct Connection {
        var stage: Stage
        /// The number of the last change of its stage; numbers increase across all connections.
        var since: Int
    }

    private let connectionsMax: Int
    private var connections: [ID: Connection] = [:]
    private var lastID = 0
    private var changes = 0

    /// - Parameter connectionsMax: at least 1.
    package init(connectionsMax: Int) { self.connectionsMax = connectionsMax }

    package var count: Int { connections.count }

    /// Adds a connection, and replaces another if there are too many.
    ///
    /// Replaces the one that has made no progress for longest, but never one that waits for the answer to an order or streams events. The
    /// connection of an operator who has just sent a request is among the newest, and stays.
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

    /// Changes the stage of a connection; has no effect on a replaced one.
    package mutating func move(_ id: ID, to stage: Stage) {
        if connections[id] != nil { enter(stage, id) }
    }

    package mutating func close(_ id: ID) { connections[id] = nil }

    private mutating func enter(_ stage: Stage, _ id: ID) {
        changes += 1
        connections[id] = Connection(stage: stage, since: changes)
    }

    private var longestWaiting: ID? {
        connections.filter { isReplaceable($0.value.stage) }.min { $0.value.since < $1.value.since }?.key
    }

    private func isReplaceable(_ stage: Stage) -> Bool {
        switch stage {
        case .reading, .answering(isOrder: false), .writing: true
        case .answering(isOrder: true), .streaming: false
        }
    }
}
