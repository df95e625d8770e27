"""Boots a Debian container with the package and tests the service; then another one with the tarball.

Usage: run.py TREE PACKAGE TARBALL SCRATCH
"""
import pathlib
import signal
import sys
import time
import traceback

import first_steps
import installation
import scraping
import service
import tarball
from machine import Machine


LIMIT_SECONDS = 600
NEEDED = (installation.installs, service.starts_and_is_ready, tarball.installs)


def main():
    tree, package, archive, scratch = sys.argv[1:]
    failures = []
    # The run ends even if a check hangs.
    signal.alarm(LIMIT_SECONDS)
    signal.signal(signal.SIGALRM, lambda *_: sys.exit(f"error: timed out after {LIMIT_SECONDS} s"))
    began = time.monotonic()
    failures += boot(tree, pathlib.Path(scratch) / "package", package, "/root/sendwarden.deb",
                     installation.CHECKS + first_steps.CHECKS + service.CHECKS + scraping.CHECKS + installation.LAST)
    failures += boot(tree, pathlib.Path(scratch) / "tarball", archive, "/root/sendwarden.tar.gz", tarball.CHECKS)
    print(f"the boot test took {time.monotonic() - began:.0f} s")
    if failures:
        sys.exit(f"error: {len(failures)} checks failed: {', '.join(failures)}")


def boot(tree, scratch, file, target, checks):
    """Runs the checks in a machine that has the file; returns the names of those that failed."""
    scratch.mkdir()
    machine = Machine(tree, scratch)
    began = time.monotonic()
    failures = []
    try:
        machine.copy(file, target)
        machine.boot()
        print(f"booted with {target} in {time.monotonic() - began:.1f} s", flush=True)
        for check in checks:
            started = time.monotonic()
            try:
                figure = check(machine)
            except Exception:
                failures.append(check.__name__)
                print(f"FAILED {check.__doc__}\n{traceback.format_exc(limit=-3)}", flush=True)
                if check in NEEDED:
                    sys.exit("error: the remaining checks need this one")
                print(machine.sh("journalctl --no-pager -n 25 -u sendwarden", check=False).stdout, flush=True)
            else:
                print(f"ok {check.__doc__} ({time.monotonic() - started:.1f} s)"
                      + (f": {figure}" if figure else ""), flush=True)
    finally:
        machine.close()
    return failures


main()
