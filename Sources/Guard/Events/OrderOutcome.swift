package import Model
package import Policy

/// The outcome of a person's order.
package enum OrderOutcome: Sendable {
    case accepted(OrderAcceptance)
    case refused(OrderRefusal)

    package var isAccepted: Bool {
        switch self {
        case .accepted: true
        case .refused: false
        }
    }

    /// True if `--force` would carry out the order, or more of it.
    package var canBeForced: Bool {
        switch self {
        case .accepted(let acceptance): acceptance.canBeForced
        case .refused(let refusal): refusal.canBeForced
        }
    }
}

/// What an accepted order does.
package enum OrderAcceptance: Sendable {
    case pausing
    /// The campaign has never run; the pause is sent in case someone has just started it.
    case pausingDraft
    /// The campaign was last known to be paused; the pause is sent again. `isStillSending` means that it was repeated
    /// before.
    case staysPaused(isStillSending: Bool)
    /// The campaign is paused once the response to a pause or a start is in.
    case pausingOnceAnswered
    /// The campaign is paused once the response to its resume is in.
    case pausingOnceResumeAnswered
    /// The campaign's resume was cancelled, and the pause is sent again.
    case resumeCancelled
    /// The pause also holds the launch; `isInPolicy` is false if only a later policy can add one.
    indirect case holdingLaunch(OrderAcceptance, isInPolicy: Bool)
    /// `quiet` are the quiet hours that the order overrules.
    case resuming(warnings: [LaunchWarning], quiet: QuietSpell?)
    case launchHeld
    case startingByForce(quiet: QuietSpell?)
    /// The hold is lifted; `waitsFor` is nil if nothing else is known to hold the launch.
    case holdLifted(waitsFor: LaunchWait?)
    /// The hold is lifted, but the policy has no launch of the campaign that waits.
    case holdLiftedWithoutLaunch
    case muted(rules: [String], until: Instant)
    /// `windows` are the maintenance windows in force that still mute one of the rules.
    case unmuted(rules: [String], windows: [MuteWindow])
    /// `isNew` is false if it was watched before, with other labels or another pool.
    case watching(CampaignEntry, isNew: Bool)
    /// The policy lists the campaign itself; the order takes effect if the policy drops it.
    case watchedByPolicy(CampaignEntry)
    /// `stillListed` is its entry if the policy lists it itself, so that it is still watched.
    case unwatched(isPaused: Bool, stillListed: CampaignEntry?)

    var canBeForced: Bool {
        switch self {
        case .holdLifted(let wait): wait != nil
        case .pausing, .pausingDraft, .staysPaused, .pausingOnceAnswered, .pausingOnceResumeAnswered,
            .resumeCancelled, .holdingLaunch, .holdLiftedWithoutLaunch, .resuming, .launchHeld, .startingByForce,
            .muted, .unmuted, .watching, .watchedByPolicy, .unwatched:
            false
        }
    }
}

/// Why an order is refused.
package enum OrderRefusal: Sendable {
    /// The policy does not list the campaign; `nearest` is the most similar id.
    case unknownCampaign(nearest: String?)
    case observeMode
    case ledgerFailing
    // Resume
    case neverRan
    case pauseUnderWay
    case startUnderWay
    case resumeUnderWay
    case notPaused
    case obstacles([ResumeObstacle])
    // Hold
    case noLaunch
    case startAlreadySent
    case alreadyReleased
    case launchOver
    case startMayHaveTakenEffect
    // Release
    case nothingToRelease
    case launchBeingEvaluated
    /// Nobody holds the launch; `waitsFor` is nil if it is about to start.
    case notHeldByPerson(waitsFor: LaunchWait?)
    // Mute
    case noSuchRule(String, nearest: String?)
    case noPausingRule
    // Watch
    case cannotWatch(WatchObstacle)
    /// No order watches the campaign: the policy lists it.
    case listedInPolicy(CampaignEntry)

    var canBeForced: Bool {
        switch self {
        case .obstacles(let obstacles): obstacles.allSatisfy(\.canBeForced)
        case .notHeldByPerson(let wait): wait != nil
        case .unknownCampaign, .observeMode, .ledgerFailing, .neverRan, .pauseUnderWay, .startUnderWay,
            .resumeUnderWay, .notPaused, .noLaunch, .startAlreadySent, .alreadyReleased, .launchOver,
            .startMayHaveTakenEffect, .nothingToRelease, .launchBeingEvaluated, .noSuchRule, .noPausingRule,
            .cannotWatch, .listedInPolicy:
            false
        }
    }
}

extension ResumeObstacle {
    fileprivate var canBeForced: Bool {
        switch self {
        case .breached: true
        case .ledgerFailing, .campaignMissing: false
        }
    }
}

/// Why a launch that nobody holds still waits.
package enum LaunchWait: Sendable {
    case notBefore(Instant)
    /// With the deciding comparison, if there is one.
    case held([HoldReason], Finding?)
}
