import Guard
package import Model

extension [GuardStatus.RuleStatus] {
    /// The rules that are pending, firing or without data, one clause each.
    package func remarks(at now: Instant) -> [String] {
        let standing = filter { $0.state != .inactive }.map { rule in
            let lasting = rule.since.map { " for \((now - $0).spokenText)" } ?? ""
            let evidence = rule.evidence.map { ": \($0)" } ?? ""
            return "\(rule.name) \(rule.state.rawValue)\(lasting)\(evidence)"
        }
        return standing
            + compactMap { rule in
                guard let noData = rule.noData, let since = rule.noDataSince else { return nil }
                return "\(rule.name) cannot act: \(noData) (for \((now - since).spokenText))"
            }
    }
}

extension GuardStatus.CampaignStatus {
    /// What is noteworthy about the campaign, one clause each.
    package func remarks(at now: Instant) -> [String] {
        var remarks = rules.remarks(at: now)
        for rule in rules {
            if let until = rule.mutedUntil, until > now {
                remarks.append("\(rule.name) muted until \(until.shortText(on: now))")
            }
        }
        if let resumesAt { remarks.append("earliest resume \(resumesAt.shortText(on: now))") }
        if isPauseIneffective == true { remarks.append("pause has no effect, still sending") }
        if isMissing { remarks.append("not found on the platform") }
        if let unusableShare {
            remarks.append("\(Int((unusableShare * 100).rounded())) % of recent responses unusable")
        }
        if let statsAge {
            if isStale {
                remarks.append("no fresh stats (last \(Duration.seconds(statsAge.rounded()).spokenText) ago)")
            }
        } else {
            remarks.append("no stats yet")
        }
        return remarks
    }
}

extension GuardStatus.LaunchStatus {
    /// True until the launch is started or given up.
    package var isOpen: Bool {
        switch state {
        case .waiting, .held, .evaluating, .starting: true
        case .released, .closed: false
        }
    }

    /// Why it has not started, one clause each.
    package func why(at now: Instant) -> [String] {
        var why = reasons
        if let missing { why.append("short by \(missing) emails") }
        if let earliest { why.append("fits at \(earliest.toSecond) at the earliest") }
        if let notBefore, notBefore > now { why.append("starts at \(notBefore.toSecond) at the earliest") }
        return why
    }
}
