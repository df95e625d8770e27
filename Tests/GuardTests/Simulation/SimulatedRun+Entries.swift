import Guard
import Model
import Simulator

/// What happens in a simulated run.
extension SimulatedRun {
    /// An event that happens later.
    enum PendingEvent {
        /// A poll is due to be sent.
        case ask(Target)
        /// A request reaches the platform.
        case poll(Target, requestedAt: Instant)
        case apply(Intent)
        /// A response reaches the guard.
        case deliver(Event)
        /// A start or a resume is durable and may leave.
        case stored(Intent)
        /// Part of the policy is dropped, and the whole policy is loaded again.
        case drop, restore
    }

    /// An input or output of the guard, for the checks.
    enum Entry {
        /// `isRunning`: whether its campaign was sending at that time.
        case observed(Instant, PollOutcome, isRunning: Bool)
        case sent(Instant, Intent, statusThen: WorldDescription.Campaign.Status?)
        /// A request failed; whether it may have taken effect.
        case failed(Instant, Intent, mayHaveTakenEffect: Bool)
        case reported(Instant, JournalEvent)
        /// The process was killed and restarts.
        case crashed(Instant)
        /// An action reached the platform.
        case arrived(Instant, Intent)
        /// A policy without these campaigns was loaded.
        case reloaded(Instant, without: Set<CampaignID>)
        /// Maintenance windows mute these campaigns, and no others.
        case muted(Instant, Set<CampaignID>)
    }
}
