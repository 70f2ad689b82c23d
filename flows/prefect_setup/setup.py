"""Set up a Prefect server: a work pool, the deployments of every flow, automations; nothing else there.

Each part is read, compared with what it should be, and made or corrected. What has the same name and is not
Snapferry's is never changed. Repeated, it changes nothing.
"""

from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import DeploymentUpdate, WorkPoolCreate, WorkPoolUpdate
from prefect.client.schemas.objects import WorkPool
from prefect.client.schemas.responses import DeploymentResponse
from prefect.events.schemas.automations import AutomationCore
from prefect.exceptions import ObjectNotFound, PrefectException

from domains.http.environment import without_login
from domains.http.json_replies import is_object
from flows.prefect_setup.automations import TAG, automations
from flows.prefect_setup.deployments import Deployment, deployments
from flows.prefect_setup.work_pools import HEARTBEAT, HEARTBEAT_S, MARK, keeps_state, template
from tasks.errors import ExecutionError, PreconditionError
from tasks.records.prefect_setup import SetupChange, SetupItem, SetupKind, SetupRecord

_LOST = (
    "runs would keep their state in the container, where it is lost with it: add --set "
    "env.SNAPFERRY_STATE=s3://BUCKET/PREFIX, or name the state in every plan"
)
_FOREIGN = (
    "work pool {pool} was there, and is left as it is: its runs may be heard of every 180 s only, so give "
    f"--silence 10m, or replace its template: --set {HEARTBEAT}={HEARTBEAT_S}"
)


@dataclass(frozen=True)
class Wanted:
    """How a server is to be set up.

    Args:
        server: the address of its API.
        pool, type: name and type of the work pool.
        values: defaults of its template's variables, where they are given.
        silence: how long a run is not heard of until it counts as crashed.
    """

    server: str
    pool: str = "snapferry"
    type: str = "process"
    values: Mapping[str, str] = field(default_factory=dict[str, str])
    silence: timedelta = timedelta(minutes=5)


def set_up(wanted: Wanted, *, execute: bool) -> SetupRecord:
    """Set the server up, or find out what that would change.

    Args:
        execute: make the changes.

    Raises:
        PreconditionError: something on the server has the same name and is not Snapferry's; a variable is
            wrong. Nothing was changed.
        ExecutionError: the server refused, or no longer answers; the same command does the rest.
    """
    if wanted.silence < timedelta(seconds=3 * HEARTBEAT_S):
        raise PreconditionError(
            f"runs are heard of every {HEARTBEAT_S} s, and {wanted.silence} is less than three times that",
            hint=f"give at least {3 * HEARTBEAT_S}s",
        )
    with _client(wanted.server) as client:
        found = _Setup(client, wanted)
        items = tuple(found.items())
        if execute:
            found.make()
    return SetupRecord(
        server=without_login(wanted.server),
        pool=wanted.pool,
        type=wanted.type,
        items=items,
        done=execute,
        remarks=tuple(found.remarks()),
    )


class _Setup:
    """What is on the server, beside what should be."""

    def __init__(self, client: SyncPrefectClient, wanted: Wanted) -> None:
        self._client = client
        self._wanted = wanted
        self._pool = _read_pool(client, wanted.pool)
        self._template = template(wanted.type, wanted.values) if self._makes_template else None
        self._deployments = [(each, _read_deployment(client, each.name)) for each in deployments()]
        self._automations = [(each, self._automation(each.name)) for each in automations(wanted.silence)]
        self._require_own()

    @property
    def _makes_template(self) -> bool:
        """Whether the pool gets a template: a new one does, and another if values for it are given."""
        return self._pool is None or bool(self._wanted.values)

    def items(self) -> Iterator[SetupItem]:
        """Everything, and what has to be done about it."""
        yield _item(SetupKind.WORK_POOL, self._wanted.pool, self._pool, self._pool_differs())
        for wanted, found in self._deployments:
            yield _item(
                SetupKind.DEPLOYMENT, f"{wanted.name}/{wanted.name}", found, self._differs(wanted, found)
            )
        for automation, there in self._automations:
            yield _item(SetupKind.AUTOMATION, automation.name, there, _unlike(automation, there))

    def remarks(self) -> Iterator[str]:
        """What the user should know."""
        shown = self._template or (self._pool.base_job_template if self._pool else None)
        if shown and not keeps_state(shown, self._wanted.type):
            yield _LOST
        pool = self._pool
        if pool and self._template is None and not (pool.description or "").startswith(MARK):
            yield _FOREIGN.format(pool=pool.name)
        if any(there and not there.enabled for _, there in self._automations):
            yield "an automation was disabled on the server, and stays so"

    def make(self) -> None:
        """Make what is missing, and correct what differs."""
        self._make_pool()
        for wanted, found in self._deployments:
            if found is None:
                self._create(wanted)
            elif self._differs(wanted, found):
                self._update(wanted, found)
        for automation, there in self._automations:
            if there is None:
                self._client.create_automation(automation)
            elif _unlike(automation, there):
                kept = automation.model_copy(update={"enabled": there.enabled})
                self._client.update_automation(there.id, kept)

    # what is there

    def _automation(self, name: str) -> Any:
        return next(iter(self._client.read_automations_by_name(name)), None)

    def _require_own(self) -> None:
        pool = self._pool
        if pool and pool.type != self._wanted.type:
            raise PreconditionError(
                f"work pool {pool.name} is of type {pool.type}, not {self._wanted.type}",
                hint="name another with --pool",
            )
        for wanted, found in self._deployments:
            if found and TAG not in found.tags:
                raise PreconditionError(
                    f"deployment {wanted.name}/{wanted.name} is not Snapferry's: it has no tag {TAG}",
                    hint=f"rename it; or give it the tag {TAG}, if it is an older one of Snapferry",
                )

    def _pool_differs(self) -> tuple[str, ...]:
        pool = self._pool
        if pool is None or self._template is None or pool.base_job_template == self._template:
            return ()
        return ("template",)

    def _differs(self, wanted: Deployment, found: DeploymentResponse | None) -> tuple[str, ...]:
        if found is None:
            return ()
        pairs: dict[str, tuple[Any, Any]] = {
            "entrypoint": (wanted.entrypoint, found.entrypoint),
            "description": (wanted.description, found.description),
            "parameters": (wanted.parameters, found.parameters),
            "parameter schema": (wanted.schema, found.parameter_openapi_schema),
            "work pool": (self._wanted.pool, found.work_pool_name),
            "pull steps": ([], found.pull_steps or []),
            "enforced schema": (True, found.enforce_parameter_schema),
        }
        return tuple(key for key, (should, is_) in pairs.items() if should != is_)

    # making it

    def _make_pool(self) -> None:
        pool = self._pool
        if pool is None:
            create = WorkPoolCreate(
                name=self._wanted.pool,
                type=self._wanted.type,
                description=f"{MARK}runs migrations",
                base_job_template=self._template or {},
            )
            self._client.create_work_pool(create)
        elif self._pool_differs():
            self._client.update_work_pool(pool.name, WorkPoolUpdate(base_job_template=self._template))

    def _create(self, wanted: Deployment) -> None:
        self._client.create_deployment(
            flow_id=self._client.create_flow_from_name(wanted.name),
            name=wanted.name,
            entrypoint=wanted.entrypoint,
            description=wanted.description,
            parameters=wanted.parameters,
            parameter_openapi_schema=wanted.schema,
            enforce_parameter_schema=True,
            work_pool_name=self._wanted.pool,
            tags=list(wanted.tags),
            pull_steps=[],
        )

    def _update(self, wanted: Deployment, found: DeploymentResponse) -> None:
        """Correct it; schedules, further tags and job variables stay as they are."""
        self._client.update_deployment(
            found.id,
            DeploymentUpdate(
                entrypoint=wanted.entrypoint,
                description=wanted.description,
                parameters=wanted.parameters,
                parameter_openapi_schema=wanted.schema,
                enforce_parameter_schema=True,
                work_pool_name=self._wanted.pool,
                pull_steps=[],
            ),
        )


def _item(kind: SetupKind, name: str, found: object, differs: Iterable[str]) -> SetupItem:
    differing = tuple(differs)
    change = SetupChange.UPDATE if differing else SetupChange.KEEP
    return SetupItem(kind=kind, name=name, change=change if found else SetupChange.CREATE, differs=differing)


def _unlike(wanted: AutomationCore, found: Any) -> tuple[str, ...]:
    """The keys in which an automation differs, but for whether it is enabled."""
    if found is None:
        return ()
    keys = ("description", "trigger", "actions")
    should, there = wanted.model_dump(mode="json"), found.model_dump(mode="json")
    return tuple(key for key in keys if _without_ids(should[key]) != _without_ids(there[key]))


def _without_ids(value: Any) -> Any:
    """The same without what the server adds, and with sets in one order."""
    if is_object(value):
        return {key: _without_ids(each) for key, each in value.items() if key != "id"}
    return sorted(map(_without_ids, cast("list[Any]", value)), key=repr) if isinstance(value, list) else value


def _read_pool(client: SyncPrefectClient, name: str) -> WorkPool | None:
    try:
        return client.read_work_pool(name)
    except ObjectNotFound:
        return None


def _read_deployment(client: SyncPrefectClient, name: str) -> DeploymentResponse | None:
    try:
        return client.read_deployment_by_name(f"{name}/{name}")
    except ObjectNotFound:
        return None


@contextmanager
def _client(server: str) -> Generator[SyncPrefectClient]:
    try:
        with get_client(sync_client=True) as client:
            yield client
    except (httpx.HTTPError, PrefectException) as error:
        said = without_login(str(error)) or type(error).__name__
        raise ExecutionError(
            f"the Prefect server at {without_login(server)} refused, or no longer answers: {said}",
            "run the same command again: it does the rest",
        ) from error
