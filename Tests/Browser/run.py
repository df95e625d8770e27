#!/usr/bin/env python3
"""Checks the status page in headless Chromium, with and without scripts; skipped with its reason without Chromium.

Usage: run.py PROGRAM [FOLDER]     FOLDER receives screenshots
"""
import html.parser
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

PORT = 32100 + os.getpid() % 500
SITE = f"http://127.0.0.1:{PORT}"
HOSTILE = "<img src=x onerror=alert(1)>"
LIMIT_SECONDS = 240

WORLD = """key: sk_live_NeverShownByTheBrowser
bounce_lag: 5s
transit: 2s
pools: [{id: pool_a, capacity: 5000, used: 100}]
campaigns:
  - {id: good, pool: pool_a, status: running, leads: 2000, rate: 3600, bounce_rate: 0.5%}
  - {id: bad, pool: pool_a, status: running, leads: 2000, rate: 3600, bounce_rate: 20%}
  - {id: big, pool: pool_a, status: draft, leads: 9000, rate: 3600, bounce_rate: 1%}
"""

POLICY = """version: 1
workspace: {name: browser, provider: leadterra, url: "URL", credential_file: FOLDER/key}
mode: enforce
poll: {stats: 300ms, pools: 1s, budget: 100/s}
stale_after: 5s
campaigns:
  - {id: good, name: Renewals, pool: pool_a}
  - {id: bad, name: "HOSTILE", pool: pool_a, labels: {team: sales}}
  - {id: big, name: Everyone we ever met, pool: pool_a}
launches: [{campaign: big}]
rules:
  - {name: bounces, when: bounceRate > 6% and resolved >= 40, for: 1s, then: pause}
  - {name: fits, on: launch, when: totalEnrolled > pool.available, then: hold}
"""


class Page(html.parser.HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data

    def all(self, tag, **wanted):
        return [attributes for name, attributes in self.elements
                if name == tag and all(attributes.get(key.replace("_", "-")) == value for key, value in wanted.items())]


def chromium(browser, scratch, *options, timeout=60):
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
               f"--user-data-dir={scratch}/profile", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout)


def dump(browser, scratch, path, *options):
    return Page(chromium(browser, scratch, "--dump-dom", *options, SITE + path).stdout)


def wait(what, condition):
    for _ in range(600):
        if condition():
            return
        time.sleep(0.1)
    sys.exit(f"error: timed out: {what}")


def fetch(path):
    try:
        with urllib.request.urlopen(SITE + path, timeout=5) as response:
            return response.read().decode()
    except OSError:
        return ""


def check(condition, what):
    print(("ok: " if condition else "FAILED: ") + what, flush=True)
    return [] if condition else [what]


def checks(browser, scratch, program, folder):
    failures = []
    no_script = "--blink-settings=scriptEnabled=false"
    for mode, options in (("scripts on", ["--timeout=4000"]), ("scripts off", [no_script])):
        page = dump(browser, scratch, "/", *options)
        failures += check(len(page.all("h1")) == 1 and page.all("main", id="main"), f"{mode}: one heading and a main")
        failures += check(page.all("nav", aria_label="Pages") and page.all("a", href="#main"),
                          f"{mode}: navigation and skip link")
        heads = page.all("th")
        failures += check(heads and all(head.get("scope") for head in heads), f"{mode}: every heading cell has a scope")
        failures += check("Paused by Sendwarden (1)" in page.text, f"{mode}: the paused campaign")
        failures += check(HOSTILE in page.text and not page.all("img"), f"{mode}: a hostile name is text")
        failures += check("fits" in page.text and "short by" in page.text, f"{mode}: the held launch and why")
        failures += check("style" not in {key for _, attributes in page.elements for key in attributes},
                          f"{mode}: no inline style")
        campaign = dump(browser, scratch, "/campaign?id=bad", *options)
        failures += check(len(campaign.all("svg", role="img")) == 1, f"{mode}: the chart")
        failures += check("Evidence for bounces." in campaign.text, f"{mode}: the evidence")
        decisions = dump(browser, scratch, "/decisions", *options)
        failures += check("rule bounces fired" in decisions.text, f"{mode}: the decision")
    page = dump(browser, scratch, "/", "--timeout=6000")
    body = page.all("body")[0]
    failures += check("Live." in page.text and int(body.get("data-updates", 0)) > 0, "scripts on: updated in place")
    plain = fetch("/")
    failures += check('<noscript><meta http-equiv="refresh"' in plain, "scripts off: the page reloads itself")

    # A change while the page is open.
    control = str(pathlib.Path(folder) / "control.sock")
    pause = subprocess.Popen(
        ["/bin/sh", "-c", '/bin/sleep 3; exec "$0" pause good --reason test --control "$1"', program, control],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    page = dump(browser, scratch, "/", "--timeout=9000")
    pause.wait()
    failures += check("Paused by Sendwarden (2)" in page.text, "scripts on: a change appears without a reload")
    return failures


def screenshots(browser, scratch, target):
    for name, path in (("overview", "/"), ("campaign", "/campaign?id=bad"), ("decisions", "/decisions")):
        for width in (1280, 400):
            for scheme, options in (("light", []), ("dark", ["--blink-settings=preferredColorScheme=0"])):
                file = target / f"{name}-{width}-{scheme}.png"
                chromium(browser, scratch, f"--screenshot={file}", f"--window-size={width},2400", "--timeout=3000",
                         *options, SITE + path)
                print(file)
    chromium(browser, scratch, f"--print-to-pdf={target / 'overview.pdf'}", "--timeout=3000", SITE + "/")


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__.strip())
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        print("skipped: Chromium is not installed (apt-get install chromium)")
        return
    signal.alarm(LIMIT_SECONDS)
    program = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        scratch = pathlib.Path(folder)
        (scratch / "world.yaml").write_text(WORLD)
        (scratch / "key").write_text("sk_live_NeverShownByTheBrowser\n")
        (scratch / "key").chmod(0o600)
        simulator = subprocess.Popen([program, "simulate", "--world", folder + "/world.yaml", "--speed", "20"],
                                     stdout=subprocess.PIPE, text=True)
        url = simulator.stdout.readline().strip()
        (scratch / "policy.yaml").write_text(
            POLICY.replace("URL", url).replace("FOLDER", folder).replace("HOSTILE", HOSTILE))
        with open(scratch / "log", "w") as log:
            daemon = subprocess.Popen(
                [program, "run", "--policy", folder + "/policy.yaml", "--log-format", "text", "--ledger",
                 folder + "/ledger.sqlite", "--control", folder + "/control.sock", "--web", f"127.0.0.1:{PORT}"],
                stderr=log)
        try:
            wait("a paused campaign and a held launch: " + (scratch / "log").read_text(),
                 lambda: "Paused by Sendwarden (1)" in fetch("/") and "short by" in fetch("/"))
            if len(sys.argv) == 3:
                target = pathlib.Path(sys.argv[2])
                target.mkdir(parents=True, exist_ok=True)
                screenshots(browser, scratch, target)
            failures = checks(browser, scratch, program, folder)
        finally:
            for process in (daemon, simulator):
                process.kill()
                process.wait()
    if failures:
        sys.exit(f"error: {len(failures)} checks failed")


main()
