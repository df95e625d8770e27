package import Model
package import Policy

/// What came of a person's order.
package enum OrderOutcome: Sendable {
    case accepted(OrderAcceptance)
    case refused(OrderRefusal)

    package var isAccepted: Bool {
        switch self {
        case .accepted: true
        case .refused: false
        }
    }

    /// True where `--force` would do it, or would do more.
    package var canBeForced: Bool {
        switch self {
        case .accepted(let acceptance): acceptance.canBeForced
        case .refused(let refusal): refusal.canBeForced
        }
    }
}

/// What is done now.
package enum OrderAcceptance: Sendable {
    case pausing
    /// It is paused already and stays so; `isStillSending`: the pause is being sent again.
    case staysPaused(isStillSending: Bool)
    /// It is paused once the answer to a pause or a start is in.
    case pausingOnceAnswered
    /// It is paused once the answer to its resume is in.
    case pausingOnceResumeAnswered
    /// Its resume was cancelled.
    case resumeCancelled
    case resuming(warnings: [LaunchWarning])
    case launchHeld
    case startingByForce
    /// The hold is over; nil where nothing is known to hold it still.
    case holdLifted(waitsFor: LaunchWait?)
    case muted(rules: [String], until: Instant)
    case unmuted(rules: [String])

    /// True where the answer to what is under way is awaited first.
    var isPausingOnceAnswered: Bool {
        switch self {
        case .pausingOnceAnswered: true
        case .pausing, .staysPaused, .pausingOnceResumeAnswered, .resumeCancelled, .resuming, .launchHeld,
            .startingByForce, .holdLifted, .muted, .unmuted:
            false
        }
    }

    var canBeForced: Bool {
        switch self {
        case .holdLifted(let wait): wait != nil
        case .pausing, .staysPaused, .pausingOnceAnswered, .pausingOnceResumeAnswered, .resumeCancelled, .resuming,
            .launchHeld, .startingByForce, .muted, .unmuted:
            false
        }
    }
}

/// Why an order is not carried out.
package enum OrderRefusal: Sendable {
    /// The policy names no such campaign; `nearest` is the closest id.
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
    /// No person holds it; nil where it is about to start.
    case notHeldByPerson(waitsFor: LaunchWait?)
    // Mute
    case noSuchRule(String, nearest: String?)
    case noPausingRule

    var canBeForced: Bool {
        switch self {
        case .obstacles: true
        case .notHeldByPerson(let wait): wait != nil
        case .unknownCampaign, .observeMode, .ledgerFailing, .neverRan, .pauseUnderWay, .startUnderWay,
            .resumeUnderWay, .notPaused, .noLaunch, .startAlreadySent, .alreadyReleased, .launchOver,
            .startMayHaveTakenEffect, .nothingToRelease, .launchBeingEvaluated, .noSuchRule, .noPausingRule:
            false
        }
    }
}

/// What a launch that no person holds still waits for.
package enum LaunchWait: Sendable {
    case notBefore(Instant)
    /// With the comparison that decides, where one does.
    case held([HoldReason], Finding?)
}
