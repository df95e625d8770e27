/// A group as events name it, with the number of its campaigns.
package struct GroupLabel: Hashable, Sendable, Codable {
    /// The label's name, or `pool`.
    package var by: String
    package var value: String
    package var campaigns: Int
    /// The campaigns with complete data, over which the rule sums.
    package var counted: Int

    /// In fields, metrics and for log scrapers: `team=sales`.
    package var text: String { "\(by)=\(value)" }

    package init(by: String, value: String, campaigns: Int, counted: Int) {
        (self.by, self.value, self.campaigns, self.counted) = (by, value, campaigns, counted)
    }
}
