/// Everything that the language knows about a name.
package struct GaugeEntry: Sendable {
    package let gauge: Gauge
    package let unit: Unit
    /// Its sentence in the policy reference.
    package let summary: String
    /// The values that the platform's documentation allows.
    var range: ClosedRange<Double> = 0...(.infinity)
    /// The numbers that its value is computed from, for explanations.
    var parts: [Gauge] = []
    /// The numbers that a response must contain for the value to be known; empty if it is read from the response.
    var derivedFrom: [Gauge] = []
    /// The responses that it needs in addition to that of its source.
    var alsoReads: Set<Source> = []
    /// The capability of the platform that it requires.
    var needs: Provider.Ability?
    /// True if the platform computes it from counters, so that it has no value before the first email.
    var isPlatformRate = false
    /// The expression that replaces it if it is called with a window.
    var insteadOfWindow: String?
    /// Wrong names that authors may write instead.
    var synonyms: Set<String> = []

    init(_ gauge: Gauge, _ unit: Unit, _ summary: String) {
        (self.gauge, self.unit, self.summary) = (gauge, unit, summary)
    }

    func with(_ change: (inout GaugeEntry) -> Void) -> GaugeEntry {
        var entry = self
        change(&entry)
        return entry
    }

    var sources: Set<Source> { alsoReads.union([gauge.source]) }

    /// True if it has no value for a campaign that has never been started.
    var isUnknownForDraft: Bool {
        if case .rate = gauge { true } else { isPlatformRate }
    }
}

extension Gauge {
    var entry: GaugeEntry { Registry.entry(self) }

    var unit: Unit { entry.unit }
}
