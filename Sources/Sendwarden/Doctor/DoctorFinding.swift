import ArgumentParser
import Journal

/// The result of one check.
struct DoctorFinding: Encodable {
    enum Verdict: String, Encodable {
        case ok, note, warning, failed
    }

    var check: String
    var verdict: Verdict
    var detail: String
    /// What to do; nil if there is nothing to do.
    var remedy: String?
    /// The program's exit code if this finding is the most severe; 0 unless the check failed.
    var exitCode: Int32 = 0

    static func ok(_ check: String, _ detail: String) -> DoctorFinding {
        DoctorFinding(check: check, verdict: .ok, detail: detail)
    }

    static func note(_ check: String, _ detail: String, _ remedy: String? = nil) -> DoctorFinding {
        DoctorFinding(check: check, verdict: .note, detail: detail, remedy: remedy)
    }

    static func warning(_ check: String, _ detail: String, _ remedy: String) -> DoctorFinding {
        DoctorFinding(check: check, verdict: .warning, detail: detail, remedy: remedy)
    }

    static func failed(_ check: String, _ detail: String, _ remedy: String, _ code: ExitCode) -> DoctorFinding {
        DoctorFinding(check: check, verdict: .failed, detail: detail, remedy: remedy, exitCode: code.rawValue)
    }

    /// The finding with a prefix that names its workspace.
    func placed(_ place: String) -> DoctorFinding {
        var finding = self
        finding.check = place + check
        return finding
    }

    func show(_ page: Page, withRemedy: Bool = true) {
        let (word, tint): (String, Page.Tint) =
            switch verdict {
            case .ok: ("ok  ", .good)
            case .note: ("note", .plain)
            case .warning: ("warn", .doubtful)
            case .failed: ("FAIL", .bad)
            }
        let lines = page.wrapped("\(check): \(detail)", indent: 6, hanging: 2)
        for (index, line) in lines.enumerated() {
            StandardOutput.write(index == 0 ? page.tinted(word, tint) + "  " + line.dropFirst(6) : line)
        }
        guard withRemedy, let remedy else { return }
        for line in page.wrapped("→ \(remedy)", indent: 8, hanging: 2) { StandardOutput.write(line) }
    }

    /// The exit code of the most severe finding; 0 if no check failed.
    static func worst(_ findings: [DoctorFinding]) -> Int32 {
        let order: [Int32] = [78, 77, 69, 65, 66]
        return order.first { code in findings.contains { $0.exitCode == code } } ?? 0
    }
}
