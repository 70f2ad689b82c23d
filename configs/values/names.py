"""Names of indices, repositories, snapshots and buckets: the engine's and the service's rules."""

import re

from configs.values.visible import visible

NAME_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,59}$"
REPOSITORY_PATTERN = r'^(?!cs-)[^#\\/*?"<>| ,]+$'
SNAPSHOT_PATTERN = r'^[^_A-Z#\\/*?"<>| ,][^A-Z#\\/*?"<>| ,]*$'
BUCKET_PATTERN = r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"
BASE_PATH_PATTERN = r"^(?!/|s3://)(?!.*//)(?!.*/$)"
PREFIX_PATTERN = r'^(?![-_+.])[^A-Z\\/*?"<>| ,#:]*$'
SUFFIX_PATTERN = r'^[^A-Z\\/*?"<>| ,#:]*$'
INDEX_PATTERN = r'^[^-_+A-Z\\/?"<>| ,#:][^A-Z\\/?"<>| ,#:]*$'
ENGINE_FORBIDS = set('\\/*?"<>| ,#')
LONGEST_INDEX = 255


def check_plan_name(value: str) -> str:
    """Accept a name that works as a folder and as the start of a snapshot's name."""
    if re.fullmatch(NAME_PATTERN, value):
        return value
    if len(value) > 60:
        raise ValueError(f"this has {len(value)} characters; give at most 60")
    if value.lower() != value:
        raise ValueError("capital letters are not allowed: snapshots get this name; write it in lowercase")
    raise ValueError('use lowercase letters, digits, "-" and "_", starting with a letter or digit')


def check_repository_name(value: str) -> str:
    """Accept a repository name that the engine takes and the service does not reserve."""
    if not value:
        raise ValueError("a repository needs a name; give one such as my-snapshots")
    _refuse_characters(value, ENGINE_FORBIDS)
    _refuse_unprintable(value)
    if value.startswith("cs-"):
        raise ValueError('names that start with "cs-" belong to the service; give another one')
    return value


def check_snapshot_name(value: str) -> str:
    """Accept a snapshot name that the engine takes."""
    if not value:
        raise ValueError("a snapshot needs a name; give one, or null to take a new snapshot")
    if value.startswith("_"):
        raise ValueError('a snapshot name cannot start with "_"')
    if value != value.lower():
        raise ValueError("a snapshot name cannot have capital letters; write it in lowercase")
    _refuse_characters(value, ENGINE_FORBIDS)
    _refuse_unprintable(value)
    return value


def check_bucket(value: str) -> str:
    """Accept the name of an S3 bucket; a URL or an ARN gets its own message."""
    if value.startswith(("s3://", "http://", "https://")):
        raise ValueError("give the bucket's name alone; the folder after it in a URL belongs under base_path")
    if value.startswith("arn:"):
        raise ValueError("give the bucket's name, not its ARN")
    if "/" in value:
        raise ValueError("a bucket's name cannot contain a slash; give the folder under base_path")
    if re.fullmatch(r"[0-9]+(\.[0-9]+){3}", value):
        raise ValueError("a bucket's name cannot look like an IP address")
    if not re.fullmatch(BUCKET_PATTERN, value) or ".." in value or ".-" in value or "-." in value:
        raise ValueError(
            "this is not an S3 bucket name; use 3 to 63 lowercase letters, digits, dots and hyphens, "
            "with a letter or digit at both ends"
        )
    return value


def check_base_path(value: str) -> str:
    """Accept a folder in the bucket, without slashes at either end; `""` is the bucket's root."""
    if value.startswith("s3://"):
        raise ValueError("give the folder alone, without s3:// and the bucket")
    if value.startswith("/") or value.endswith("/"):
        raise ValueError("a folder has no slash at the start or the end; write a/b, not /a/b/")
    if "//" in value:
        raise ValueError("there are two slashes in a row; write a/b")
    if value != value.strip() or not value.isprintable():
        raise ValueError("remove blanks at either end and unprintable characters")
    return value


def check_index_pattern(value: str) -> str:
    """Accept the name of an index, alias or data stream, with `*` for any characters."""
    if "," in value:
        raise ValueError("give one pattern per list item; split it at the commas")
    if value.startswith("-"):
        raise ValueError(
            'a pattern cannot start with "-"; to leave something out, put it under exclude without the "-"'
        )
    if value == "_all":
        raise ValueError('for all indices write "*"')
    return _check_index_characters(value, ENGINE_FORBIDS - {"*"})


def check_index_name(value: str) -> str:
    """Accept the exact name of an index, without wildcards."""
    if "*" in value or "?" in value:
        raise ValueError("wildcards are not allowed here; write each name out")
    if value.startswith("-"):
        raise ValueError('an index name cannot start with "-"')
    return _check_index_characters(value, ENGINE_FORBIDS)


def check_prefix(value: str) -> str:
    """Accept a prefix for index names."""
    if value.startswith("."):
        raise ValueError("names that start with a dot are hidden or reserved; start with a letter")
    return check_index_name(value) if value else value


def check_suffix(value: str) -> str:
    """Accept a suffix for index names."""
    return check_index_name("x" + value)[1:]


def _check_index_characters(value: str, forbidden: set[str]) -> str:
    """Accept what engines do: also characters that nobody sees; the loader takes those only as escapes."""
    if not value:
        raise ValueError("an index name cannot be empty")
    if value.startswith(("_", "+")):
        raise ValueError(f'an index name cannot start with "{value[0]}"')
    if value != value.lower():
        raise ValueError("index names cannot have capital letters; write it in lowercase")
    _refuse_characters(value, forbidden | {":", "\0"})
    if value in {".", ".."}:
        raise ValueError('an index cannot be called "." or ".."')
    if len(value.encode(errors="replace")) > LONGEST_INDEX:
        raise ValueError(f"an index name has at most {LONGEST_INDEX} bytes; shorten it")
    return value


def _refuse_characters(value: str, forbidden: set[str]) -> None:
    for character in value:
        if character in forbidden:
            shown = "a blank" if character == " " else visible(character)
            raise ValueError(f"{shown} is not allowed in a name; remove it")


def _refuse_unprintable(value: str) -> None:
    if not value.isprintable():
        raise ValueError("an unprintable character is not allowed in a name; remove it")
