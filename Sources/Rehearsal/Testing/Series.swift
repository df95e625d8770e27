/// A series of numbers, one per step, in the notation of Prometheus.
///
/// `5` is one value, `0+20x30` is 31 values that grow by 20, `7x4` is 7 five times, `_` is a gap, `_x3` is three gaps.
/// After its end, a series repeats its last value.
package struct Series: Hashable, Sendable {
    /// Nil is a gap: the response lacks the field.
    package var values: [Double?]

    package init(_ values: [Double?]) { self.values = values }

    /// Bounds the memory of a test.
    static let lengthMax = 1_000_000

    /// The series, or the first word that is not part of one.
    package static func read(_ text: String) -> Result<Series, SeriesFault> {
        var values: [Double?] = []
        for word in text.split(separator: " ") {
            guard let part = part(word), values.count + part.count <= lengthMax else {
                return .failure(SeriesFault(word: String(word.prefix(40))))
            }
            values += part
        }
        return values.isEmpty ? .failure(SeriesFault(word: text)) : .success(Series(values))
    }

    private static func part(_ word: Substring) -> [Double?]? {
        guard let cross = word.lastIndex(of: "x") else { return single(word).map { [$0] } }
        guard let times = Int(word[word.index(after: cross)...]), (0...lengthMax).contains(times) else { return nil }
        let body = word[..<cross]
        // As in Prometheus, `_x3` is three gaps, but `7x3` is four values.
        if body == "_" { return Array(repeating: nil, count: times) }
        let sign = body.dropFirst().lastIndex { $0 == "+" || $0 == "-" }
        guard let sign else {
            guard let value = number(body) else { return nil }
            return Array(repeating: value, count: times + 1)
        }
        guard let first = number(body[..<sign]), let step = number(body[body.index(after: sign)...]) else { return nil }
        let delta = body[sign] == "-" ? -step : step
        return (0...times).map { first + delta * Double($0) }
    }

    private static func single(_ word: Substring) -> Double?? {
        word == "_" ? .some(nil) : number(word).map { .some($0) }
    }

    private static func number(_ text: Substring) -> Double? {
        let isPercent = text.hasSuffix("%")
        guard let value = Double(isPercent ? text.dropLast() : text), value.isFinite, abs(value) <= 1e12 else {
            return nil
        }
        return isPercent ? value / 100 : value
    }

    package subscript(step: Int) -> Double? {
        values[min(max(0, step), values.count - 1)]
    }
}

/// The word that is not part of a series.
package struct SeriesFault: Error, Hashable, Sendable {
    package var word: String
}

/// How the platform responds, one word per step: `okx5 error stalex3`.
package struct AnswerSeries: Hashable, Sendable {
    package enum Answer: String, CaseIterable, Sendable {
        case ok
        /// HTTP 500.
        case error
        /// No response: samples become stale.
        case stale
        /// HTTP 401.
        case unauthorized
        /// HTTP 429.
        case throttled
        /// HTTP 404.
        case missing
        /// An undocumented response.
        case garbage
    }

    package var answers: [Answer]

    package static func read(_ text: String) -> Result<AnswerSeries, SeriesFault> {
        var answers: [Answer] = []
        for word in text.split(separator: " ") {
            var name = word
            var times = 1
            // `okx5` is `ok` five times.
            if let cross = word.lastIndex(of: "x"), let count = Int(word[word.index(after: cross)...]) {
                (name, times) = (word[..<cross], count)
            }
            guard let answer = Answer(rawValue: String(name)), (1...Series.lengthMax).contains(times) else {
                return .failure(SeriesFault(word: String(word.prefix(40))))
            }
            answers += Array(repeating: answer, count: times)
        }
        return answers.isEmpty ? .failure(SeriesFault(word: text)) : .success(AnswerSeries(answers: answers))
    }

    /// After its end, every response is `ok`.
    package subscript(step: Int) -> Answer { answers.indices.contains(step) ? answers[step] : .ok }
}
