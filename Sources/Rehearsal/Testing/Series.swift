/// A made-up series of numbers, one a step, in Prometheus's notation.
///
/// `5` is one value, `0+20x30` thirty-one of them that grow by 20, `7x4` five times 7, `_` a gap, `_x3` three of them.
/// After its end a series stays at its last value.
package struct Series: Hashable, Sendable {
    /// Nil is a gap: the answer lacks the field.
    package var values: [Double?]

    package init(_ values: [Double?]) { self.values = values }

    /// Longer series than any test needs would only fill the memory.
    static let lengthMax = 1_000_000

    /// Nil, and why, where a text is no series.
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
        // `_x3` is three gaps, as in Prometheus, where `7x3` is the value and three more.
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

/// The word that is no part of a series.
package struct SeriesFault: Error, Hashable, Sendable {
    package var word: String
}

/// How the platform answers, one word a step: `ok error stale x3`.
package struct AnswerSeries: Hashable, Sendable {
    package enum Answer: String, CaseIterable, Sendable {
        case ok
        /// HTTP 500.
        case error
        /// No answer comes: the numbers grow old.
        case stale
        /// HTTP 401.
        case unauthorized
        /// HTTP 429.
        case throttled
        /// HTTP 404.
        case missing
        /// Something that no page documents.
        case garbage
    }

    package var answers: [Answer]

    package static func read(_ text: String) -> Result<AnswerSeries, SeriesFault> {
        var answers: [Answer] = []
        for word in text.split(separator: " ") {
            var name = word
            var times = 1
            // `okx5` is five times ok.
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

    /// After its end the platform answers as it should.
    package subscript(step: Int) -> Answer { answers.indices.contains(step) ? answers[step] : .ok }
}
