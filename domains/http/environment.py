"""What the environment says of the network: proxies, bundles of certificate authorities, a log of TLS keys.

Libraries make various things of wrong values, some only after a minute. So whoever could not connect asks
here whether such a value is the reason. No message contains a value that may hold a password.
"""

import os
import re
import ssl
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from requests.utils import should_bypass_proxies

from configs.loading.plain_files import read_file
from domains.known_secrets import remember_secret

AWS_BUNDLES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE")
DOMAIN_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_KEY_LOG = "SSLKEYLOGFILE"
_LONGEST_BUNDLE = 16 * 1024 * 1024
_LOGIN = re.compile(r"(?<=//)\S*@")  # greedy: a password may hold an @ or a / of its own
_SOCKS = (
    "it names a SOCKS proxy, and only HTTP proxies work; name one, or unset it and use connect_to (a tunnel)"
)
CORRECT_FILE = "correct that path, or leave it out"
_NO_ADDRESS = "it is not the address of a proxy; write it as http://HOST:PORT, or unset it"


def without_login(text: str) -> str:
    """The text, without user names and passwords in URLs."""
    return _LOGIN.sub("", text)


def remember_proxy_logins() -> None:
    """Cut the passwords of proxies out of foreign text from now on: a proxy may quote what it was sent."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        for variable in (name, name.upper()):
            if login := _LOGIN.search(os.environ.get(variable, "")):
                remember_secret(unquote(login[0][:-1].partition(":")[2]))


def proxy_problem(url: str) -> str:
    """Say which variable for proxies cannot be used for requests to this URL; empty if none is wrong."""
    scheme = urlsplit(url).scheme
    if should_bypass_proxies(url, None):
        return ""
    for name in (f"{scheme}_proxy", "all_proxy"):
        for variable in (name, name.upper()):
            problem = _wrong_proxy(os.environ.get(variable, ""))
            if problem:
                return f"{variable} cannot be used: {problem}"
    return ""


def _wrong_proxy(value: str) -> str:
    if not value:
        return ""
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        usable = parts.hostname and parts.port != 0
    except ValueError:
        return _NO_ADDRESS
    if parts.scheme.startswith("socks"):
        return _SOCKS
    return "" if usable and parts.scheme in {"http", "https"} else _NO_ADDRESS


def uses_proxy(url: str) -> str:
    """The variable that names the proxy for requests to this URL; empty if there is none."""
    scheme = urlsplit(url).scheme
    if should_bypass_proxies(url, None):
        return ""
    names = (n for name in (f"{scheme}_proxy", "all_proxy") for n in (name, name.upper()))
    return next((name for name in names if os.environ.get(name)), "")


def bundle_problem(ca_bundle: str | None, variables: Iterable[str]) -> str:
    """Say what is wrong with the files that TLS uses: authorities, log of keys; empty if nothing is.

    Args:
        ca_bundle: the plan's; it comes before the variables.
        variables: names of environment variables, the first that is set is used.
    """
    problem = _wrong_key_log(os.environ.get(_KEY_LOG, ""))
    if problem:
        return problem
    if ca_bundle is not None:
        return _wrong_bundle("ca_bundle", ca_bundle)
    name = next((name for name in variables if os.environ.get(name)), "")
    return _wrong_bundle(name, os.environ[name]) if name else ""


def _wrong_key_log(value: str) -> str:
    """Say why keys of TLS connections, which somebody wants to look into, cannot be written to this file."""
    if not value:
        return ""
    try:
        os.close(os.open(value, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK, 0o600))
    except OSError as error:
        return f"{_KEY_LOG} names {value}, which cannot be written: {error.strerror}"
    return ""


def _wrong_bundle(name: str, value: str) -> str:
    path = Path(value)
    try:
        if path.is_dir():
            return ""  # a folder of authorities, as OpenSSL takes it
        read_file(path, _LONGEST_BUNDLE)
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(value)
    except ssl.SSLError:
        return f"{name} names {value}, which holds no certificate in PEM form"
    except OSError as error:
        return f"{name} names {value}, which cannot be read: {error.strerror}"
    except ValueError:
        return f"{name} is not the name of a file"
    return ""
