package import Guard
import Model
package import Policy

/// The outcome of an order, for the person who gave it.
extension Phrase {
    /// - Parameter entry: the campaign's entry in the policy; nil if the policy has no such campaign.
    package static func text(_ outcome: OrderOutcome, _ order: Order, _ entry: CampaignEntry?) -> String {
        let name = entry.map(Self.name) ?? order.campaign.text
        switch outcome {
        case .accepted(let acceptance): return text(acceptance, name, order.campaign)
        case .refused(let refusal): return text(refusal, name)
        }
    }

    private static func text(_ acceptance: OrderAcceptance, _ name: String, _ id: CampaignID) -> String {
        switch acceptance {
        case .pausing: "pausing \(name)"
        case .pausingDraft: "\(name) is a draft that has never run; sending the pause in case someone started it"
        case .staysPaused(let isStillSending):
            "\(name) was last known to be paused; sending the pause again; it stays paused until a person resumes it"
                + (isStillSending ? "; warning: it is still sending; the pause is sent again until it stops" : "")
        case .holdingLaunch(let pause, isInPolicy: true):
            "\(text(pause, name, id)); its launch is held until a person releases it ('sendwarden release \(id)')"
        case .holdingLaunch(let pause, isInPolicy: false):
            "\(text(pause, name, id)); it has no waiting launch; if the policy adds one, it is held until a person "
                + "releases it ('sendwarden release \(id)')"
        case .pausingOnceAnswered: "pausing \(name) once the platform responds to the request in flight"
        case .pausingOnceResumeAnswered: "pausing \(name) once the platform responds to the resume in flight"
        case .resumeCancelled:
            "\(name) is not resumed; sending its pause again; it stays paused until a person resumes it"
        case .resuming(let warnings, let quiet):
            "resuming \(name) once fresh stats are in" + warnings.map { "; warning: \(text($0))" }.joined()
                + warning(quiet)
        case .launchHeld: "the launch of \(name) is held until a person releases it"
        case .startingByForce(let quiet):
            "starting \(name) once fresh stats are in, regardless of its launch rules" + warning(quiet)
        case .holdLifted(let wait?): "the hold on the launch of \(name) is lifted; it still waits: \(text(wait))"
        case .holdLifted(nil): "the hold on the launch of \(name) is lifted; its launch rules decide"
        case .holdLiftedWithoutLaunch: "the hold on launches of \(name) is lifted; no launch of it waits"
        case .muted(let rules, let until):
            "\(list(rules)) muted on \(name) until \(until.toTheSecond): "
                + (rules.count == 1
                    ? "it reports breaches but does not pause" : "they report breaches but do not pause")
        case .unmuted(let rules, let windows):
            "\(list(rules)) no longer muted on \(name)"
                + windows.map { "; \(text($0)) still mutes it" }.joined()
        case .watching(let entry, let isNew):
            "\(isNew ? "watching" : "still watching") \(name)\(text(entry)) until a person ends it ('sendwarden unwatch "
                + "\(id)')"
        case .watchedByPolicy(let entry):
            "\(name) is already watched, because \(text(entry.origin)) lists it; it stays watched if it is removed "
                + "there"
        case .unwatched(_, let listed?):
            "the order ends; \(name) is still watched, because \(text(listed.origin)) lists it"
        case .unwatched(let isPaused, nil):
            "no longer watching \(name)"
                + (isPaused ? "; it stays paused until a person starts it on the platform" : "")
        }
    }

    /// The pool and labels of a campaign, in brackets.
    private static func text(_ entry: CampaignEntry) -> String {
        let pool = entry.pool.map { ["pool \($0)"] } ?? []
        let parts = pool + entry.labels.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        return parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))"
    }

    private static func warning(_ quiet: QuietSpell?) -> String { quiet.map { "; warning: \(text($0))" } ?? "" }

    private static func list(_ rules: [String]) -> String {
        rules.count == 1 ? "rule \(rules[0]) is" : "rules \(rules.joined(separator: ", ")) are"
    }

    private static func text(_ refusal: OrderRefusal, _ name: String) -> String {
        switch refusal {
        case .unknownCampaign(let nearest): "the policy has no campaign \(name)\(NearestName.suggestion(nearest))"
        case .observeMode: "observe mode sends nothing; set mode: enforce, or act on the platform directly"
        case .ledgerFailing: "the ledger cannot be written, so nothing is started"
        case .neverRan: "\(name) is a draft that never ran; 'release' starts it if the policy has a launch of it"
        case .pauseUnderWay: "a pause of \(name) is in progress; try again in a few seconds"
        case .startUnderWay: "a start of \(name) is in progress; try again in a few seconds"
        case .resumeUnderWay: "a resume of \(name) is in progress; try again in a few seconds"
        case .notPaused:
            "\(name) is not known to be paused; if it is, start it on the platform; its rules still apply"
        case .obstacles(let obstacles): obstacles.map(text).joined(separator: "; ")
        case .noLaunch: "the policy has no launch of \(name); 'pause' stops a running campaign"
        case .startAlreadySent: "the start of \(name) was already sent; 'pause' stops it"
        case .alreadyReleased: "the launch of \(name) was already released; 'pause' stops it"
        case .launchOver: "the launch of \(name) is over"
        case .startMayHaveTakenEffect: "a start of \(name) may have taken effect; 'pause' stops it"
        case .nothingToRelease: "\(name) has no waiting launch and is not paused"
        case .launchBeingEvaluated:
            "the launch of \(name) is being evaluated on fresh stats; try again in a few seconds"
        case .notHeldByPerson(let wait?): "no person holds the launch of \(name); it waits: \(text(wait))"
        case .notHeldByPerson(nil): "no person holds the launch of \(name); it is about to start"
        case .noSuchRule(let rule, let nearest):
            "no rule named \(rule) pauses \(name), and only rules that pause can be muted\(NearestName.suggestion(nearest))"
        case .noPausingRule: "no rule pauses \(name)"
        case .cannotWatch(let obstacle): text(obstacle)
        case .listedInPolicy(let entry):
            "\(text(entry.origin)) lists \(name); remove it there"
                + (entry.origin == .policy ? ", and run 'sendwarden reload'" : "")
        }
    }
}
