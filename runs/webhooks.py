"""Call a webhook: POST one JSON document. The address is never shown: it may be a secret."""

import logging
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import requests
import urllib3.exceptions
from requests.auth import AuthBase

from configs.hooks import WebhookAddress, check_webhook_address
from domains.aws.session import secret
from domains.errors import AwsError

_FAILURES = (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError)


class _NoCredentials(AuthBase):
    """Keep requests from adding a password from ~/.netrc."""

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        return r


def webhook_unusable(webhook: WebhookAddress) -> str:
    """Say why the address cannot be read from its variable or secret; empty if it can. Sends nothing."""
    try:
        _address(webhook)
    except (AwsError, ValueError) as error:
        return str(error)
    return ""


def call_webhook(webhook: WebhookAddress, document: dict[str, Any], timeout_s: float) -> str:
    """Send the document once and return what went wrong; empty if the reply was 2xx in time.

    Redirects are not followed. After a timeout, the document may still have arrived.

    Args:
        timeout_s: seconds for the whole call, DNS lookup included.
    """
    try:
        address = _address(webhook)
    except (AwsError, ValueError) as error:
        return str(error)
    said: list[str] = []
    # requests limits each network wait, but not their sum and not the DNS lookup
    sender = threading.Thread(target=lambda: said.append(_sent(address, document, timeout_s)), daemon=True)
    sender.start()
    sender.join(timeout_s)
    return said[0] if said else f"no answer within {timeout_s:g} s"


def _address(webhook: WebhookAddress) -> str:
    """Resolve the webhook's address. Errors never contain the address.

    Raises:
        AwsError: the variable or secret cannot be read.
        ValueError: the value is not an address.
    """
    return webhook.url or check_webhook_address(secret(webhook.env, webhook.secret).strip())


def _sent(address: str, document: dict[str, Any], timeout_s: float) -> str:
    try:
        with (
            _unlogged(),
            requests.post(
                address,
                json=document,
                timeout=timeout_s,
                allow_redirects=False,
                auth=_NoCredentials(),
                stream=True,  # the reply's body is not needed
            ) as reply,
        ):
            return "" if 200 <= reply.status_code < 300 else f"it answered HTTP {reply.status_code}"
    except requests.Timeout:
        return f"no answer within {timeout_s:g} s"
    except _FAILURES as error:  # their messages contain the address
        return f"it could not be called ({type(error).__name__})"


@contextmanager
def _unlogged() -> Generator[None]:
    """Keep urllib3's log of this thread from showing the address."""
    this_thread = threading.get_ident()

    def others(record: logging.LogRecord) -> bool:
        return record.thread != this_thread

    log = logging.getLogger("urllib3.connectionpool")
    log.addFilter(others)
    try:
        yield
    finally:
        log.removeFilter(others)
