"""What was removed, kept and skipped, in words."""

from tasks.records.cleanup import Registration, RegistrationOutcome, Skipped, SkippedReason

_REGISTRATIONS = {
    RegistrationOutcome.REMOVED: "the registration was removed",
    RegistrationOutcome.REVERTED: "the previous registration was restored",
    RegistrationOutcome.UNCHANGED: "the previous registration is unchanged",
    RegistrationOutcome.ABSENT: "nothing is registered",
    RegistrationOutcome.NOT_BY_THIS_RUN: "this run registered nothing",
    RegistrationOutcome.NOT_BY_THESE_RUNS: "these runs registered nothing",
    RegistrationOutcome.REMOVED_BY_OTHERS: "nothing is registered any more: somebody has removed it since",
    RegistrationOutcome.CHANGED_BY_OTHERS: "left alone: somebody has changed it since",
    RegistrationOutcome.USED_BY_A_LATER_RUN: "left alone: run {} of this plan uses it",
    RegistrationOutcome.KEPT: "kept",
}
_SKIPPED = {
    SkippedReason.NOT_RESTORED_BY_THE_RUN: "it is not the index that this run restored",
    SkippedReason.NOT_MADE_BY_A_ROUND: "it is not the index that a round made",
    SkippedReason.BACKING_INDICES_OF_OTHERS: "it also has other backing indices: {}",
    SkippedReason.BACKING_INDICES_CHANGED: "its backing indices are no longer those that this run restored",
    SkippedReason.IN_A_DATA_STREAM: "it now belongs to data stream {}",
    SkippedReason.TAKES_WRITES: "it has been made writable since a round made it",
    SkippedReason.SNAPSHOT_OUT_OF_REACH: "repository {} is no longer registered on the source",
    SkippedReason.IN_USE: "it has taken writes of others, or may have",
    SkippedReason.SNAPSHOT_STAYS: "the snapshot stays; its state is {}",
    SkippedReason.DELETED_FOR_THE_RUN: "the run deleted it, as the plan says; it is not brought back",
    SkippedReason.OTHER_DOMAINS: (
        "it ran between other domains than the latest round: its copies and snapshot were left alone"
    ),
}


def registration(found: Registration) -> str:
    """What happened to a registration."""
    return _REGISTRATIONS[found.outcome].format(found.run_id)


def skipped(item: Skipped) -> str:
    """Why something was left alone."""
    error = f": {item.error}" if item.error else ""
    return _SKIPPED[item.why].format(item.detail) + error
