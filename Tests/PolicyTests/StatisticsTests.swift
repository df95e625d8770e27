import Foundation
@testable import Policy
import Testing

/// Evidence and intervals against published figures and against scipy.
@Suite struct StatisticsTests {
    /// The smallest number of bounces with enough evidence: Beta(1, 9), limit 5 %, confidence 95 %.
    @Test(arguments: [(10, 4), (20, 5), (50, 8), (100, 13), (200, 21), (500, 41), (1000, 73), (2000, 133)])
    func findsTheSmallestRejectedCount(_ trials: Int, _ smallest: Int) {
        let process = EProcess(limit: 0.05, confidence: 0.95)
        let found = (0...trials).first { process.rejects(Double($0), of: Double(trials)) }
        #expect(found == smallest)
    }

    /// Examples from Newcombe 1998.
    @Test(arguments: [
        (81.0, 263.0, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718),
    ])
    func wilsonIntervalMatchesPublishedExamples(_ hits: Double, _ trials: Double, _ lower: Double, _ upper: Double)
        throws
    {
        let interval = try #require(WilsonInterval(hits, of: trials, confidence: 0.95))
        #expect(abs(interval.lower - lower) < 0.00005 && abs(interval.upper - upper) < 0.00005)
    }

    /// Three digits, never rounded up to what is needed.
    @Test(arguments: [
        (1.0, "evidence 1 of 20 needed"), (19.97, "evidence 19.9 of 20 needed"), (20, "evidence 20 of 20 needed"),
        (4321.9, "evidence 4320 of 20 needed"), (3_297_216.6, "evidence over 1000 times the 20 needed"),
        (.infinity, "evidence over 1000 times the 20 needed"),
    ])
    func evidenceIsPrintedInThreeDigits(_ evidence: Double, _ text: String) {
        #expect(TestEvidence(hits: 5, trials: 20, evidence: evidence, needed: 20).text == text)
    }

    @Test func noTrialsGiveNoResult() {
        #expect(WilsonInterval(0, of: 0, confidence: 0.95) == nil)
        #expect(WilsonInterval(5, of: 4, confidence: 0.95) == nil)
        let process = EProcess(limit: 0.05, confidence: 0.95)
        #expect(abs(process.evidence(0, of: 0) - 1) < 1e-12)
        #expect(!process.rejects(0, of: 0))
    }

    /// A grid of limits, counts and bounces; `statistics-figures.py` generates the file with scipy.
    @Test func agreesWithScipy() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "statistics-figures.csv")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").dropFirst()
        #expect(lines.count > 500)
        for line in lines {
            let cells = line.split(separator: ",").compactMap { Double($0) }
            try #require(cells.count == 6, "\(line)")
            let process = EProcess(limit: cells[0], confidence: 0.95)
            let evidence = process.logEvidence(cells[2], of: cells[1])
            let allowed = 1e-9 * max(1, abs(cells[3]))
            #expect(abs(evidence - cells[3]) < allowed, "\(line): \(evidence)")
            let interval = try #require(WilsonInterval(cells[2], of: cells[1], confidence: 0.95))
            #expect(abs(interval.lower - cells[4]) < 1e-12 && abs(interval.upper - cells[5]) < 1e-12, "\(line)")
        }
    }

    /// The shortcut rejects nothing that the evidence would accept.
    @Test func theShortcutAgreesWithTheEvidence() {
        for limit in [0.01, 0.05, 0.2, 0.6] {
            let process = EProcess(limit: limit, confidence: 0.95)
            for trials in [1.0, 10, 100, 1000] {
                for hits in stride(from: 0, through: (limit * trials).rounded(.down), by: max(1, trials / 50)) {
                    #expect(process.logEvidence(hits, of: trials) <= 1e-9)
                }
            }
        }
    }
}
