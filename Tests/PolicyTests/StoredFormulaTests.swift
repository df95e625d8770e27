import Foundation
import Model
import Policy
import Testing

/// Formulas as ledgers store them.
@Suite struct StoredFormulaTests {
    private static let bounced = #"{"gauge":{"_0":"bounced"}}"#
    private static let sent = #"{"gauge":{"_0":"sent"}}"#
    private static let queued = #"{"gauge":{"_0":"queued"}}"#

    /// Stored by versions that had a case for each function, and what a policy writes for each.
    static let earlier: [(String, String)] = [
        (#"{"gauge":{"_0":"bounceRate"}}"#, "bounceRate"),
        (#"{"gauge":{"_0":"pool.available"}}"#, "pool.available"),
        (#"{"bounceRate":{"_0":[86400,0]}}"#, "bounceRate(24h)"),
        (#"{"increase":{"_0":"resolved","_1":[3600,0]}}"#, "increase(resolved, 1h)"),
        (#"{"rate":{"_0":"sent","_1":[3600,0]}}"#, "rate(sent, 1h)"),
        (#"{"age":{"_0":"pools"}}"#, "age(pools)"),
        (
            #"{"wilson":{"_0":"wilson_lower","_1":\#(bounced),"_2":\#(sent),"confidence":0.95}}"#,
            "wilson_lower(bounced, sent, 95%)"
        ),
        (#"{"negate":{"_0":\#(sent)}}"#, "-sent"),
        (
            #"{"divide":{"_0":\#(bounced),"_1":{"subtract":{"_0":\#(sent),"_1":\#(queued)}}}}"#,
            "bounced / (sent - queued)"
        ),
        (
            #"{"multiply":{"_0":{"add":{"_0":\#(sent),"_1":{"constant":{"_0":5}}}},"_1":{"constant":{"_0":2}}}}"#,
            "(sent + 5) * 2"
        ),
    ]

    private func formula(_ text: String) throws -> Formula {
        for comparison in ["\(text) > 0.4", "\(text) > 40", "\(text) > 1m", "\(text) < -5"] {
            guard case .compare(let found) = SamplePolicy.condition(comparison) else { continue }
            return found.left
        }
        throw SomeError(text: text)
    }

    private struct SomeError: Error {
        var text: String
    }

    /// The length as the standard library encodes a duration: high and low words of attoseconds.
    private func withDurations(_ stored: String) throws -> String {
        var stored = stored
        for seconds in [3600, 86400] {
            let encoded = String(decoding: try JSONEncoder().encode(Duration.seconds(seconds)), as: UTF8.self)
            stored = stored.replacingOccurrences(of: "[\(seconds),0]", with: encoded)
        }
        return stored
    }

    @Test(arguments: earlier)
    func formulasOfEarlierVersionsAreRead(_ stored: String, _ text: String) throws {
        let data = Data(try withDurations(stored).utf8)
        #expect(try JSONDecoder().decode(Formula.self, from: data) == formula(text))
    }

    @Test(arguments: EvaluationTableTests.table.map(\.0))
    func formulasAreReadAsWritten(_ text: String) throws {
        let condition = try #require(SamplePolicy.condition(text))
        let evaluation = condition.evaluate(EvaluationTableTests.readings)
        let read = try JSONDecoder().decode(Evaluation.self, from: JSONEncoder().encode(evaluation))
        #expect(read == evaluation)
        #expect(read.sentences == evaluation.sentences)
    }

    @Test(arguments: [
        #"{"call":{"_0":{"name":"nothing","arguments":[]}}}"#, #"{"call":{"_0":{"name":"age","arguments":[]}}}"#,
        #"{"nothing":{}}"#, #"{"gauge":{"_0":"nothing"}}"#,
    ])
    func unknownFormulasAreRefused(_ stored: String) {
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(Formula.self, from: Data(stored.utf8)) }
    }
}
