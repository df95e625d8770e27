import Yams

/// The text of a condition that is joined from values of the policy, with the position of each value.
struct ConditionSource {
    private(set) var text = ""
    private var parts: [(start: Int, node: Node)] = []

    /// Appends a value of the policy.
    mutating func append(_ node: Node) {
        guard let scalar = node.scalar else { return }
        parts.append((text.unicodeScalars.count, node))
        text += scalar.string
    }

    /// Appends text that the policy omits, such as an operator.
    mutating func append(_ text: String) { self.text += text }

    /// The value that holds the character at `offset` or follows it, and the offset in it; nil if there is none.
    func place(of offset: Int) -> (node: Node, offset: Int)? {
        let part = parts.first { offset < $0.start + ($0.node.scalar?.string.unicodeScalars.count ?? 0) } ?? parts.last
        return part.map { ($0.node, max(0, offset - $0.start)) }
    }
}
