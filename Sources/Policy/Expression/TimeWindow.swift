import Model

/// The time over which a counter's growth is read: `length`, up to `offset` before the newest sample.
package struct TimeWindow: Hashable, Sendable {
    package var length: Duration
    package var offset: Duration

    package init(_ length: Duration, offset: Duration = .zero) { (self.length, self.offset) = (length, offset) }

    /// How far back the window needs samples.
    package var reach: Duration { length + offset }

    /// For messages: `24h`, or `24h, 1d before` if it does not end at the newest sample.
    package var text: String {
        offset == .zero ? length.policyText : "\(length.policyText), \(offset.policyText) before"
    }
}

extension TimeWindow: Comparable {
    package static func < (left: TimeWindow, right: TimeWindow) -> Bool {
        (left.length, left.offset) < (right.length, right.offset)
    }
}
