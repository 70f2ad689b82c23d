"""Read what a set-up's model needs beside the plan: domains, callers, the bucket's place and key."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import urlsplit

from boto3 import Session

from configs.auth import SigV4Auth
from configs.plan import DomainSettings, Plan, S3Repository, Side
from configs.values.aws import DOMAIN_PATTERN, parse_role_arn, partition_of_region
from domains.aws import control_plane, iam
from domains.aws import session as aws
from domains.engine import access_control
from domains.errors import AwsError, SnapferryError
from domains.versions import Engine
from tasks.access.access_control_parts import LOGIN
from tasks.access.model import Facts, passed_roles
from tasks.checks.bucket import encryption
from tasks.checks.facts import bucket as bucket_facts
from tasks.checks.facts import domains
from tasks.errors import PreconditionError
from tasks.survey import Survey

T = TypeVar("T")
_HASHED_UNKNOWN = (
    "whether the source puts shards under a hash before base_path, as OpenSearch 3, is not known: both "
    "layouts are allowed"
)


@dataclass
class Reader:
    """Reads facts.

    Args:
        plan: the plan, with the callers' logins.
        survey: reads with the administrator's logins.
        callers: ARNs that `--caller` names.
        key: ARN of the KMS key for the bucket; None for the bucket's own.
        tolerant: whether what cannot be read is assumed, and noted; else it is an error.
        asks_access_control: whether the domains are asked for access control; else they count as without.
    """

    plan: Plan
    survey: Survey
    callers: Sequence[str] = ()
    key: str | None = None
    tolerant: bool = False
    asks_access_control: bool = True
    notes: list[str] = field(default_factory=list[str])

    @property
    def repository(self) -> S3Repository:
        """The plan's bucket.

        Raises:
            PreconditionError: the repository is a folder, or neither side is of the service.
        """
        found = self.plan.repository
        if not isinstance(found, S3Repository):
            raise PreconditionError(
                "the plan's repository is a shared folder, which needs no bucket, role or policy",
                hint="let the clusters' nodes mount it; there is nothing to set up in AWS",
            )
        if not self.signed:
            raise PreconditionError(
                "neither side is signed with sigv4, so no role is passed and no policy is needed",
                hint="self-managed clusters keep the bucket's key in their own keystore",
            )
        return found

    @property
    def signed(self) -> list[Side]:
        """Sides whose requests are signed."""
        return [side for side in self.plan.sides if self._settings(side).is_signed]

    def facts(self) -> Facts:
        """Read everything. Reads only.

        Raises:
            PreconditionError: something has to be named.
            SnapferryError: something could not be read, unless `tolerant`.
        """
        repository = self.repository
        arns: dict[Side, str] = {side: self._domain(side) for side in self.signed}
        callers: dict[Side, str] = {side: self._caller(side) for side in self.signed}
        self._require_same_accounts(callers)
        writes = "source" in self.plan.sides
        hashed = domains.hashes(self.survey) if writes and self._reached("source") else None
        if writes and hashed is None:
            self.notes.append(_HASHED_UNKNOWN)
        region = self._region(repository)
        return Facts(
            domains=arns,
            callers=callers,
            new_callers=frozenset(self._new(callers)),
            engines=dict(self._engines()),
            hashed=hashed,
            bucket_account=self._owner(repository),
            bucket_region=region,
            key=self._key(),
            notes=tuple(self.notes),
        )

    def _settings(self, side: Side) -> DomainSettings:
        return self.plan.domain(side)

    def _tried(self, read: Callable[[], T], otherwise: T, note: str) -> T:
        """Read; where that fails and is tolerated, assume something and note why."""
        try:
            return read()
        except SnapferryError as error:
            if not self.tolerant or isinstance(error, PreconditionError):
                raise
            self.notes.append(f"{note} ({error.message})")
            return otherwise

    def _reached(self, side: Side) -> bool:
        return domains.reached(self.survey, side).stage == "reached"

    # domains

    def _domain(self, side: Side) -> str:
        """The domain's ARN: from the plan, else from the domain itself."""
        settings, role = self._settings(side), passed_roles(self.plan, self.repository).get(side)
        host = urlsplit(settings.endpoint or "").hostname or ""
        name = settings.domain or control_plane.domain_name_of(host)
        account = self._account(side)
        if name and role and settings.region:
            return f"arn:{partition_of_region(settings.region)}:es:{settings.region}:{account}:domain/{name}"
        found = domains.reached(self.survey, side)
        arn = domains.domain_arn(self.survey, side) if found.stage == "reached" else None
        if arn is None or not _is_domain(arn, account):
            told = f"it says {arn}, for a role of account {account}" if arn else found.detail
            raise PreconditionError(
                f"the ARN of the {side} is not known, and policies name it: {told}",
                hint=f"give the {side} as `domain: NAME` in place of its endpoint, or let this machine reach "
                "it",
            )
        return arn

    def _engines(self) -> Iterator[tuple[Side, Engine]]:
        """Engine of each side with access control."""
        for side in self.signed if self.asks_access_control else ():
            if engine := self._engine(side):
                yield side, engine

    def _engine(self, side: Side) -> Engine | None:
        if not self._reached(side):
            found = domains.reached(self.survey, side)
            if not self.tolerant:
                denied = found.stage == "access-control"
                raise PreconditionError(
                    f"access control on the {side} cannot be read: {found.detail}",
                    hint=LOGIN if denied else found.hint or "set up the other pieces with --only",
                )
            self.notes.append(
                f"the {side} could not be asked, so it is shown as one with access control ({found.detail})"
            )
            return "opensearch"
        engine = self.survey.identity(side).version.engine
        return engine if has_access_control(self.survey, side, engine) else None

    # callers

    def _caller(self, side: Side) -> str:
        """The user or role that signs the side's requests."""
        auth = self._settings(side).auth
        account = self._account(side)
        named = [arn for arn in self.callers if len(self.callers) == 1 or arn.split(":")[4] == account]
        if named:
            return named[0]
        if self.callers:
            raise PreconditionError(
                f"no --caller is of account {account}, the {side}'s",
                hint="name one for each account, or a single one",
            )
        if isinstance(auth, SigV4Auth) and auth.role_arn:
            return auth.role_arn
        return self._signing(side, auth if isinstance(auth, SigV4Auth) else None)

    def _signing(self, side: Side, auth: SigV4Auth | None) -> str:
        """The identity behind the plan's own credentials."""
        hint = "name the user or role that migrates: --caller ARN"
        try:
            found = iam.caller(aws.session(auth, self._settings(side).region))
        except AwsError as error:
            raise PreconditionError(
                f"who calls the {side} is not known: {error.message}", hint=hint
            ) from error
        if found.principal is None:
            raise PreconditionError(
                f"{found.arn} signs requests to the {side}, and no policy can be attached to it", hint=hint
            )
        return found.principal

    def _account(self, side: Side) -> str:
        role = passed_roles(self.plan, self.repository).get(side)
        return parse_role_arn(role).account if role else ""

    def _require_same_accounts(self, callers: Mapping[Side, str]) -> None:
        for side, arn in callers.items():
            if self._account(side) not in ("", arn.split(":")[4]):
                raise PreconditionError(
                    f"the caller on the {side}, {arn}, cannot pass a role of account {self._account(side)}",
                    hint="a role can only be passed within its own account: name another caller with "
                    "--caller, or another role in the plan",
                )

    def _new(self, callers: Mapping[Side, str]) -> Iterator[str]:
        """Roles among the callers that are not there yet."""
        for side, arn in callers.items():
            if ":role/" in arn and not self._tried(
                lambda side=side, arn=arn: iam.exists(self._session(side), arn),
                True,
                f"whether {arn} is there is not known: it is taken to be",
            ):
                yield arn

    def _session(self, side: Side) -> Session:
        return self.survey.session(side)

    # the bucket

    def _owner(self, repository: S3Repository) -> str:
        roles = passed_roles(self.plan, repository)
        first = parse_role_arn(next(iter(roles.values()))).account if roles else ""
        return self._tried(lambda: self._account_of_bucket(first), first, "the bucket's account is assumed")

    def _account_of_bucket(self, first: str) -> str:
        """The account whose login may read the bucket's policy, empty if none; the source's for a new one."""
        if bucket_facts.found(self.survey).state == "missing":
            return first
        try:
            return bucket_facts.policy(self.survey).account
        except AwsError as error:
            if self.tolerant:
                raise
            self.notes.append(f"whose the bucket is, is not known ({error.message})")
            return ""

    def _region(self, repository: S3Repository) -> str:
        own = next((region for side in self.plan.sides if (region := self._settings(side).region)), None)
        assumed = repository.region or own or "us-east-1"
        found = self._tried(
            lambda: bucket_facts.found(self.survey).region, assumed, "the bucket's Region is assumed"
        )
        return found or assumed

    def _key(self) -> str | None:
        return self._tried(self._named_key, None, "S3's own encryption is assumed")

    def _named_key(self) -> str | None:
        if bucket_facts.found(self.survey).state == "missing":
            named = self.key or encryption.registered_key(self.survey)
        else:
            named = self.key or encryption.named_key(self.survey)
        if named is None or encryption.is_s3s_own(named):
            return None
        found = encryption.found_key(self.survey, named)
        if found is None:
            raise PreconditionError(
                f"KMS knows no key {named} in the account of either login",
                hint="name a key that is there, by its whole ARN",
            )
        return found.arn


def _is_domain(arn: str, account: str) -> bool:
    """Whether this is the ARN of a domain of this account: a domain itself has told its name."""
    name = DOMAIN_PATTERN.strip("^$")
    of_account = account or "[0-9]{12}"
    return re.fullmatch(rf"arn:aws[a-z-]*:es:[a-z0-9-]+:{of_account}:domain/{name}", arn) is not None


def has_access_control(survey: Survey, side: Side, engine: Engine) -> bool:
    """Whether the side has access control: the domain says so, else the control plane."""
    try:
        return access_control.auth_info(survey.domain(side), engine) is not None
    except SnapferryError:
        status = domains.status(survey, side)
        if status is None:
            raise
        return status.access_control
