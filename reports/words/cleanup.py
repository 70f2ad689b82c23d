"""What was removed, kept and skipped, in words."""

from tasks.records.cleanup import Registration, RegistrationOutcome, Skipped, SkippedReason

_REGISTRATIONS = {
    RegistrationOutcome.REMOVED: "the registration was removed",
    RegistrationOutcome.REVERTED: "the former registration was put back",
    RegistrationOutcome.UNCHANGED: "the former registration is as it was",
    RegistrationOutcome.ABSENT: "nothing is registered",
    RegistrationOutcome.NOT_BY_THIS_RUN: "this run registered nothing",
    RegistrationOutcome.NOT_BY_THESE_RUNS: "these runs registered nothing",
    RegistrationOutcome.REMOVED_BY_OTHERS: "nothing is registered any more: somebody has removed it since",
    RegistrationOutcome.CHANGED_BY_OTHERS: "somebody has changed it since: left as it is",
    RegistrationOutcome.USED_BY_A_LATER_RUN: "run {} of this plan works with it: left as it is",
    RegistrationOutcome.KEPT: "kept",
}
_SKIPPED = {
    SkippedReason.NOT_RESTORED_BY_THE_RUN: "it is not the index that this run has restored",
    SkippedReason.NOT_MADE_BY_A_ROUND: "it is not the index that a round has made",
    SkippedReason.BACKING_INDICES_OF_OTHERS: "it has backing indices of others: {}",
    SkippedReason.BACKING_INDICES_CHANGED: (
        "its backing indices are not those that this run has restored any more"
    ),
    SkippedReason.IN_A_DATA_STREAM: "it belongs to data stream {} by now",
    SkippedReason.TAKES_WRITES: "it was made to take writes since a round has made it",
    SkippedReason.SNAPSHOT_OUT_OF_REACH: "repository {} is not registered on the source any more",
    SkippedReason.OTHER_DOMAINS: (
        "it was between other domains than the latest round: its copies and its snapshot are as they were"
    ),
}


def registration(found: Registration) -> str:
    """What became of a registration."""
    return _REGISTRATIONS[found.outcome].format(found.run_id)


def skipped(item: Skipped) -> str:
    """Why something was not touched."""
    error = f": {item.error}" if item.error else ""
    return _SKIPPED[item.why].format(item.detail) + error
