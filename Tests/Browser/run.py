#!/usr/bin/env python3
"""Checks the status page in headless Chromium, with and without scripts; skipped with its reason without Chromium.

Usage: run.py PROGRAM [FOLDER]     FOLDER receives screenshots
"""
import base64
import fcntl
import html.parser
import json
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


class Browser:
    """Chromium, driven by the DevTools protocol over a pair of pipes."""

    def __init__(self, program, scratch):
        read_commands, self.write = os.pipe()
        self.read, write_answers = os.pipe()

        def connect():
            # Chromium reads descriptor 3 and writes descriptor 4; move both away first, as they may overlap.
            commands, answers = os.dup(read_commands), os.dup(write_answers)
            high = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, 10) for descriptor in (commands, answers)]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.process = subprocess.Popen(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
             "--remote-debugging-pipe", f"--user-data-dir={scratch}/profile", "about:blank"],
            preexec_fn=connect, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(read_commands)
        os.close(write_answers)
        self.buffer, self.number = b"", 0

    def call(self, method, session=None, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self.write, json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self.buffer:
                part = os.read(self.read, 1 << 16)
                if not part:
                    sys.exit("error: Chromium has ended")
                self.buffer += part
            text, self.buffer = self.buffer.split(b"\0", 1)
            answer = json.loads(text)
            if answer.get("id") == self.number:
                # A page that is being replaced has no nodes; the caller asks again.
                return answer.get("result", {})

    def end(self):
        self.process.kill()
        self.process.wait()


class Tab:
    """An open page."""

    def __init__(self, browser, path, scripts=True, width=1280, scheme="light"):
        self.browser = browser
        self.target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=self.target, flatten=True)["sessionId"]
        self.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.call("Page.navigate", url=SITE + path)
        wait(f"{path} is loaded", lambda: "<footer>" in self.html())
        if scripts:
            # The style sheet follows the page.
            wait(f"{path} is complete", lambda: self.value("document.readyState") == "complete")

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def html(self):
        root = self.call("DOM.getDocument").get("root", {}).get("nodeId", 0)
        return self.call("DOM.getOuterHTML", nodeId=root).get("outerHTML", "")

    def page(self):
        text = ""
        while "<footer>" not in text:
            text = self.html()
        return Page(text)

    def value(self, expression):
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True).get("result", {}).get("value")

    def press(self, key, code):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)

    def screenshot(self, file):
        data = self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        file.write_bytes(base64.b64decode(data))

    def close(self):
        self.browser.call("Target.closeTarget", targetId=self.target)


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


def checks(browser, program, folder):
    failures = []
    for mode, scripts in (("scripts on", True), ("scripts off", False)):
        tab = Tab(browser, "/", scripts)
        page = tab.page()
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
        tab.close()
        tab = Tab(browser, "/campaign?id=bad", scripts)
        page = tab.page()
        failures += check(len(page.all("svg", role="img")) == 1, f"{mode}: the chart")
        failures += check("Evidence for bounces." in page.text, f"{mode}: the evidence")
        tab.close()
        tab = Tab(browser, "/decisions", scripts)
        failures += check("rule bounces fired" in tab.page().text, f"{mode}: the decision")
        tab.close()
    return failures + layout(browser) + changes(browser, program, folder)


CONTRAST = """(() => {
  const light = (text) => {
    const parts = text.match(/[0-9.]+/g).slice(0, 3).map((part) => part / 255)
      .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  let least = 21;
  for (const element of document.querySelectorAll("main *, header *, footer *")) {
    // The names of a chart's parts are read out, not shown.
    if (element.closest("title, desc")) continue;
    if (![...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim())) continue;
    const style = getComputedStyle(element);
    let back = element, color = "rgba(0, 0, 0, 0)";
    while (back && color === "rgba(0, 0, 0, 0)") { color = getComputedStyle(back).backgroundColor; back = back.parentElement; }
    const own = element instanceof SVGElement ? style.fill : style.color;
    const values = [light(own), light(color)].sort((a, b) => b - a);
    least = Math.min(least, (values[0] + 0.05) / (values[1] + 0.05));
  }
  return least;
})()"""


def layout(browser):
    """Small screens, contrast and the keyboard."""
    failures = []
    for path in ("/", "/campaign?id=bad", "/decisions"):
        for width in (1280, 400):
            for scheme in ("light", "dark"):
                tab = Tab(browser, path, width=width, scheme=scheme)
                name = f"{path} at {width} px, {scheme}"
                wide = tab.value("document.documentElement.scrollWidth")
                failures += check(wide <= width, f"{name}: no horizontal scrolling ({wide} px)")
                least = tab.value(CONTRAST)
                failures += check(least >= 4.5, f"{name}: contrast {least:.1f}")
                tab.close()
    tab = Tab(browser, "/")
    tab.press("Tab", 9)
    focused = tab.value("[document.activeElement.className, getComputedStyle(document.activeElement).outlineStyle, "
                        "document.activeElement.getBoundingClientRect().left >= 0].join()")
    failures += check(focused == "skip,solid,true", f"the first Tab shows the skip link ({focused})")
    tab.close()
    return failures


def changes(browser, program, folder):
    """What an open page shows after a change."""
    failures = []
    plain = Tab(browser, "/", scripts=False)
    tab = Tab(browser, "/")
    wait("the stream is open", lambda: "Live." in tab.page().text)
    tab.value("window.mine = 1; document.querySelector('a[href=\"/campaign?id=good\"]').focus()")
    control = str(pathlib.Path(folder) / "control.sock")
    subprocess.run([program, "pause", "good", "--reason", "test", "--control", control], check=True,
                   stdout=subprocess.DEVNULL)
    began = time.monotonic()
    wait("scripts on: the change", lambda: "Paused by Sendwarden (2)" in tab.page().text)
    failures += check(tab.value("window.mine") == 1,
                      f"scripts on: a change appears in place after {time.monotonic() - began:.1f} s")
    focus = tab.value("document.activeElement.getAttribute('href')")
    failures += check(focus == "/campaign?id=good", f"scripts on: the focus stays ({focus})")
    failures += check("2 paused" in tab.page().text, "scripts on: the live region has the summary")
    wait("scripts off: the change", lambda: "Paused by Sendwarden (2)" in plain.page().text)
    failures += check(True, "scripts off: the page reloads itself")
    tab.close()
    plain.close()
    return failures


def screenshots(browser, target):
    for name, path in (("overview", "/"), ("campaign", "/campaign?id=bad"), ("decisions", "/decisions")):
        for width in (1280, 400):
            for scheme in ("light", "dark"):
                tab = Tab(browser, path, width=width, scheme=scheme)
                time.sleep(0.3)
                tab.screenshot(target / f"{name}-{width}-{scheme}.png")
                tab.close()


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__.strip())
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        print("skipped: Chromium is not installed (apt-get install chromium)")
        return
    signal.alarm(LIMIT_SECONDS)
    program = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        scratch = pathlib.Path(folder)
        (scratch / "world.yaml").write_text(WORLD)
        (scratch / "key").write_text("sk_live_NeverShownByTheBrowser\n")
        (scratch / "key").chmod(0o600)
        simulator = subprocess.Popen([program, "simulate", "--world", folder + "/world.yaml", "--speed", "20"],
                                     stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        url = simulator.stdout.readline().strip()
        (scratch / "policy.yaml").write_text(
            POLICY.replace("URL", url).replace("FOLDER", folder).replace("HOSTILE", HOSTILE))
        with open(scratch / "log", "w") as log:
            daemon = subprocess.Popen(
                [program, "run", "--policy", folder + "/policy.yaml", "--log-format", "text", "--ledger",
                 folder + "/ledger.sqlite", "--control", folder + "/control.sock", "--web", f"127.0.0.1:{PORT}"],
                stderr=log)
        browser = None
        try:
            wait("a paused campaign and a held launch",
                 lambda: "Paused by Sendwarden (1)" in fetch("/") and "short by" in fetch("/"))
            browser = Browser(chromium, folder)
            if len(sys.argv) == 3:
                target = pathlib.Path(sys.argv[2])
                target.mkdir(parents=True, exist_ok=True)
                screenshots(browser, target)
            failures = checks(browser, program, folder)
        finally:
            for process in (daemon, simulator):
                process.kill()
                process.wait()
            if browser:
                browser.end()
    if failures:
        sys.exit(f"error: {len(failures)} checks failed")


main()
