"""Boots a Debian container with the package and tests the service.

Usage: run.py TREE PACKAGE SCRATCH
"""
import signal
import sys
import time
import traceback

import installation
import scraping
import service
from machine import Machine


LIMIT_SECONDS = 600


def main():
    tree, package, scratch = sys.argv[1:]
    machine = Machine(tree, scratch)
    failures = []
    # The run ends even if a check hangs.
    signal.alarm(LIMIT_SECONDS)
    signal.signal(signal.SIGALRM, lambda *_: sys.exit(f"error: timed out after {LIMIT_SECONDS} s"))
    began = time.monotonic()
    try:
        machine.copy(package, "/root/sendwarden.deb")
        machine.boot()
        print(f"booted in {time.monotonic() - began:.1f} s", flush=True)
        for part in (installation, service, scraping):
            for check in part.CHECKS:
                started = time.monotonic()
                try:
                    figure = check(machine)
                except Exception:
                    failures.append(check.__name__)
                    print(f"FAILED {check.__doc__}\n{traceback.format_exc(limit=-3)}", flush=True)
                    if check in (installation.installs, service.starts_and_is_ready):
                        sys.exit("error: the remaining checks need this one")
                    print(machine.sh("journalctl --no-pager -n 25 -u sendwarden", check=False).stdout, flush=True)
                else:
                    print(f"ok {check.__doc__} ({time.monotonic() - started:.1f} s)"
                          + (f": {figure}" if figure else ""), flush=True)
        for check in installation.LAST:
            try:
                check(machine)
                print(f"ok {check.__doc__}", flush=True)
            except Exception:
                failures.append(check.__name__)
                print(f"FAILED {check.__doc__}\n{traceback.format_exc(limit=-3)}", flush=True)
    finally:
        machine.close()
    print(f"the boot test took {time.monotonic() - began:.0f} s")
    if failures:
        sys.exit(f"error: {len(failures)} checks failed: {', '.join(failures)}")


main()
