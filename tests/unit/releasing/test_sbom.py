"""The hashes that the lock has for a package."""

from releasing.sbom import locked_hashes

ONE, TWO = "1" * 64, "2" * 64
LOCK = f"""\
ruamel-yaml==0.19.1 \\
    --hash=sha256:{ONE} \\
    --hash=sha256:{TWO}
    # via prefect
colorama==0.4.6 ; sys_platform == 'win32' \\
    --hash=sha256:{TWO}
six==1.17.0
"""


def test_a_package_has_the_digests_of_each_file_that_the_lock_accepts() -> None:
    assert locked_hashes(LOCK) == {
        ("ruamel-yaml", "0.19.1"): [ONE, TWO],
        ("colorama", "0.4.6"): [TWO],
        ("six", "1.17.0"): [],
    }
