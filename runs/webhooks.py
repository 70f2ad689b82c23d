"""Calling a webhook: one POST of one JSON document. Its address is told to nobody: it may be a secret."""

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
    """Keeps requests from adding a password of ~/.netrc."""

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        return r


def webhook_unusable(webhook: WebhookAddress) -> str:
    """Why the address cannot be had; empty when it can. Sends nothing to it."""
    try:
        _address(webhook)
    except (AwsError, ValueError) as error:
        return str(error)
    return ""


def call_webhook(webhook: WebhookAddress, document: dict[str, Any], timeout_s: float) -> str:
    """Sends the document once and returns what went wrong; empty when the reply was 2xx in time.

    Redirects are not followed. What was sent may have arrived although the time was over.

    Args:
        timeout_s: seconds that all of it may take, the look-up of the host's name included.
    """
    try:
        address = _address(webhook)
    except (AwsError, ValueError) as error:
        return str(error)
    said: list[str] = []
    # requests limits each wait for the network, not all of them together, and not the look-up of a name
    sender = threading.Thread(target=lambda: said.append(_sent(address, document, timeout_s)), daemon=True)
    sender.start()
    sender.join(timeout_s)
    return said[0] if said else f"no answer within {timeout_s:g} s"


def _address(webhook: WebhookAddress) -> str:
    """Where it is. What is raised does not hold the address.

    Raises:
        AwsError: the variable or secret cannot be read.
        ValueError: what it holds is no address.
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
                stream=True,  # the body of the reply is of no interest
            ) as reply,
        ):
            return "" if 200 <= reply.status_code < 300 else f"it answered HTTP {reply.status_code}"
    except requests.Timeout:
        return f"no answer within {timeout_s:g} s"
    except _FAILURES as error:  # their words hold the address
        return f"it could not be called ({type(error).__name__})"


@contextmanager
def _unlogged() -> Generator[None]:
    """Keeps urllib3's log of this thread from telling the address."""
    ours = threading.get_ident()

    def others(record: logging.LogRecord) -> bool:
        return record.thread != ours

    log = logging.getLogger("urllib3.connectionpool")
    log.addFilter(others)
    try:
        yield
    finally:
        log.removeFilter(others)
