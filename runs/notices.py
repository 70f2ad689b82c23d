"""Send a notice to people by apprise: a chat, mail, a pager. Its addresses hold secrets; none is shown."""

import logging
import threading
from importlib.util import find_spec
from typing import Any

from configs.hooks import NotifyAddress
from domains.aws.session import secret
from domains.errors import AwsError
from runs.events import Notice

NOT_INSTALLED = "apprise is not installed: pip install 'snapferry[notify]'"


def is_installed() -> bool:
    """Whether notices can be sent at all."""
    return find_spec("apprise") is not None


def notify_unusable(to: NotifyAddress) -> str:
    """Say why no notice can be sent there; empty if one can. Sends nothing."""
    if not is_installed():
        return NOT_INSTALLED
    try:
        _receivers(to)
    except (AwsError, ValueError) as error:
        return str(error)
    return ""


def send_notice(to: NotifyAddress, notice: Notice, timeout_s: float) -> str:
    """Send the notice once and return what went wrong; empty if every receiver took it in time.

    After a timeout, it may still have arrived.

    Args:
        timeout_s: seconds for all of it: to read the addresses, and for all receivers together.
    """
    if not is_installed():
        return NOT_INSTALLED
    said: list[str] = []
    sender = threading.Thread(target=lambda: said.append(_sent(to, notice)), daemon=True)
    sender.start()
    sender.join(timeout_s)
    return said[0] if said else f"no answer within {timeout_s:g} s"


def _receivers(to: NotifyAddress) -> Any:
    """Resolve the addresses. Errors never contain them.

    Raises:
        AwsError: the variable or secret cannot be read.
        ValueError: one of the values is no address that apprise knows.
    """
    import apprise

    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # it logs addresses
    made: Any = apprise.Apprise(asset=apprise.AppriseAsset(app_id="Snapferry", app_desc="Snapferry"))
    addresses = secret(to.env, to.secret).split()
    for number, address in enumerate(addresses, 1):
        if not made.add(address):
            raise ValueError(f"address {number} of {len(addresses)} is none that apprise knows")
    if not addresses:
        raise ValueError("it holds no address")
    return made


def _sent(to: NotifyAddress, notice: Notice) -> str:
    try:
        receivers = _receivers(to)
    except (AwsError, ValueError) as error:
        return str(error)
    try:
        taken = receivers.notify(body=notice.body, title=notice.title, notify_type=notice.kind)
    except (OSError, ValueError, TypeError) as error:  # their messages may contain an address
        return f"it could not be sent ({type(error).__name__})"
    return "" if taken else "not every receiver took it"
