/// What the language knows of a name.
package struct GaugeEntry: Sendable {
    package let gauge: Gauge
    package let unit: Unit
    /// Its sentence in the policy reference.
    package let summary: String
    /// The values that the platform's documentation allows.
    var range: ClosedRange<Double> = 0...(.infinity)
    /// The numbers that it is computed from, for explanations.
    var parts: [Gauge] = []
    /// The numbers that a response must contain for it to be known; empty if it is one itself.
    var derivedFrom: [Gauge] = []
    /// Responses that it needs besides that of its source.
    var alsoReads: Set<Source> = []
    /// What only some platforms can report.
    var needs: Provider.Ability?
    /// True if the platform computes it from counters, so that it has no value before the first email.
    var isPlatformRate = false
    /// What to write instead if it is called with a window.
    var insteadOfWindow: String?
    /// Other names that authors try.
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

    /// True if it has no value for a campaign that was never started.
    var isUnknownForDraft: Bool {
        if case .rate = gauge { true } else { isPlatformRate }
    }
}

extension Gauge {
    var entry: GaugeEntry { Registry.entry(self) }

    var unit: Unit { entry.unit }
}
