"""The parts of a new plan that never vary: explanations, and keys to uncomment."""

HEAD = """\
`snapferry check` checks everything that this plan needs, and `snapferry plan` shows what it would do; \
both only read. Every key is explained in docs/plan.md."""

NAME = "Names the state folder and, with the run's id, the snapshots."
SIDES = {
    "source": "The domain that the indices come from. Keys: docs/plan.md, `source` and `target`.",
    "target": "The domain that they go to.",
}
REPOSITORY = """\
Where the snapshots are kept: the source writes them into the bucket, the target reads them there. Both \
register the repository under this name. A folder of its own keeps other snapshots out of the way. Keys: \
docs/plan.md, `repository`."""
INDICES = """\
Which indices move: names and patterns of indices and data streams; system indices by exact names. Keys: \
docs/plan.md, `indices`."""
SNAPSHOT = "How long to wait when another snapshot is running, such as the hourly one of the service."
CONFLICTS = """\
What happens if the target already has a name. fail: nothing is changed. skip: that index is left out. \
rename: it is restored under another name, with a prefix or a suffix. delete: the target's is deleted, if \
it is named here and --allow-delete is given. Keys: docs/plan.md, `conflicts`."""
RESTORE = """\
How the indices are created on the target. Settings given here override those of the source. Keys: \
docs/plan.md, `restore`."""
VERIFY = """\
How thoroughly the copy is compared. counts: documents of each index. operations: also the operations that \
each shard has seen. content: also mappings, settings, aliases and a sample of the documents. \
Keys: docs/plan.md, `verify`."""
CUTOVER = "How long the source may refuse writes in a cutover after seed rounds: docs/cutover.md."
CHECKS = "Checks that must give an answer, and checks that may fail for a reason: docs/checks.md."
GATES = "Points where the run waits until somebody approves: docs/gates-and-hooks.md."
HOOKS = "Commands and webhooks that are called when something happens to a run: docs/gates-and-hooks.md."

EXAMPLES = {
    "restore": """\
restore:
  index_settings: {index.number_of_replicas: 1}
  ignore_index_settings: [index.refresh_interval]
""",
    "cutover": """\
cutover:
  window: 20m
  source_after: blocked
""",
    "checks": """\
checks:
  require: [account.role-rights]
  waive: {bucket.lifecycle: the rule is for another folder}
""",
    "gates": """\
gates:
  before-snapshot: {timeout: 12h}
  before-restore: {timeout: 2h, file: /var/run/orders-go}
""",
    "hooks": """\
hooks:
  - {events: [gate-waiting, failed], webhook: {env: MIGRATION_WEBHOOK}, on_failure: continue}
  - {events: [run-started], command: [./is-the-change-approved, CHG-4711]}
""",
}
"""Parts that can be uncommented as they are."""

HOSTS = {
    "aws": "eu-west-1.es.amazonaws.com",
    "aws-cn": "cn-north-1.es.amazonaws.com.cn",
    "aws-us-gov": "us-gov-west-1.es.amazonaws.com",
}
ENDPOINT = "https://search-my-{side}-to-fill-in.{host}"
BUCKET = "my-snapshots-to-fill-in"
ROLE = "arn:{partition}:iam::{account}:role/to-fill-in"
NO_ACCOUNT = "000000000000"
