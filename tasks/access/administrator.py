"""The administrator who sets things up: often another identity than the one that migrates."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import boto3

from configs.auth import BasicAuth, PasswordSource, SigV4Auth
from configs.plan import DomainSettings, Plan, Side
from domains.aws import iam
from domains.domain import Domain, open_domain
from tasks.errors import PreconditionError


@dataclass(frozen=True)
class Administrator:
    """How the administrator logs in.

    Args:
        profile, target_profile: AWS profiles, for all and for the target's side; None for the profile that
            the plan names there, else boto3's usual lookup order.
        user, password_env: master user of the domains' own user database, and the environment variable that
            holds the password; None to sign requests to the domains like all others.
    """

    profile: str | None = None
    target_profile: str | None = None
    user: str | None = None
    password_env: str | None = None

    def settings(self, plan: Plan, side: Side) -> DomainSettings:
        """The plan's side, with the administrator's AWS login in place of the caller's."""
        side_of = plan.domain(side)
        if not side_of.is_signed:
            return side_of
        named = (self.target_profile if side == "target" else None) or self.profile
        profile = named or getattr(side_of.auth, "profile", None)
        return side_of.model_copy(update={"auth": SigV4Auth(type="sigv4", profile=profile)})

    def plan(self, plan: Plan) -> Plan:
        """The plan with the administrator's logins, to read with."""
        return plan.model_copy(update={side: self.settings(plan, side) for side in plan.sides})

    def open(self, plan: Plan, side: Side) -> Domain:
        """Open the side: its account by the AWS login, the domain itself by the password if there is one."""
        settings = self.settings(plan, side)
        domain = open_domain(side, settings)
        if self.user is None or self.password_env is None or not settings.is_signed:
            return domain
        auth = BasicAuth(type="basic", username=self.user, password=PasswordSource(env=self.password_env))
        by_password = open_domain(side, settings.model_copy(update={"auth": auth, "endpoint": domain.endpoint,
                                                                    "domain": None}))  # fmt: skip
        return replace(domain, connection=by_password.connection)


@dataclass(frozen=True)
class Sessions:
    """AWS sessions of the administrator, by account."""

    by_account: dict[str, boto3.Session]

    def of(self, account: str) -> boto3.Session:
        """The session for this account.

        Raises:
            PreconditionError: no login of the administrator is of this account.
        """
        found = self.by_account.get(account)
        if found is None:
            have = " and ".join(self.by_account) or "no account"
            raise PreconditionError(
                f"account {account} has to be read and changed, and the credentials are of {have}",
                hint="name a profile of that account with --profile; for the target's, --target-profile",
            )
        return found


def sessions_of(found: Iterable[boto3.Session]) -> Sessions:
    """Ask each session for its account. Reads only.

    Raises:
        AwsError: STS refuses the credentials or cannot be reached.
    """
    by_account: dict[str, boto3.Session] = {}
    for session in found:
        by_account.setdefault(iam.caller(session).account, session)
    return Sessions(by_account)
