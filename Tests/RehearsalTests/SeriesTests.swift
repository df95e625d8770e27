import Rehearsal
import Testing

/// The notation of series.
@Suite struct SeriesTests {
    @Test(
        arguments: [
            ("5", [5]), ("0+20x3", [0, 20, 40, 60]), ("60-20x3", [60, 40, 20, 0]), ("7x3", [7, 7, 7, 7]),
            ("0 5 9+1x2", [0, 5, 9, 10, 11]), ("_", [nil]), ("_x3", [nil, nil, nil]), ("1 _ 3", [1, nil, 3]),
            ("40%", [0.4]), ("-5+5x1", [-5, 0]), ("1.5x0", [1.5]),
        ] as [(String, [Double?])])
    func readsThePrometheusNotation(_ text: String, _ values: [Double?]) throws {
        #expect(try Series.read(text).get().values == values)
    }

    @Test(arguments: ["", "a", "5x", "x5", "5+x3", "1e400", "0+1x99999999", "5x-1", "nan", "1,2"])
    func invalidSeriesAreRefused(_ text: String) {
        #expect(throws: SeriesFault.self) { try Series.read(text).get() }
    }

    @Test func aSeriesRepeatsItsLastValue() throws {
        let series = try Series.read("1 2 3").get()
        #expect([0, 2, 3, 500].map { series[$0] } == [1, 3, 3, 3])
    }

    @Test func answersAreOkAfterTheEnd() throws {
        let answers = try AnswerSeries.read("okx2 error stalex2").get()
        #expect((0..<7).map { answers[$0] } == [.ok, .ok, .error, .stale, .stale, .ok, .ok])
        #expect(throws: SeriesFault.self) { try AnswerSeries.read("okay").get() }
    }
}
