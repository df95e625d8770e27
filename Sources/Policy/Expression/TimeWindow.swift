import Model

/// The period in which a counter's growth is read: it is `length` long and ends `offset` before the newest sample.
package struct TimeWindow: Hashable, Sendable {
    package var length: Duration
    package var offset: Duration

    package init(_ length: Duration, offset: Duration = .zero) { (self.length, self.offset) = (length, offset) }

    /// How far back the window needs samples.
    package var reach: Duration { length + offset }

    /// For messages: `24h`, or `24h, ending 1d ago` if it does not end at the newest sample.
    package var text: String {
        offset == .zero ? length.policyText : "\(length.policyText), ending \(offset.policyText) ago"
    }
}

extension TimeWindow: Comparable {
    package static func < (left: TimeWindow, right: TimeWindow) -> Bool {
        (left.length, left.offset) < (right.length, right.offset)
    }
}
