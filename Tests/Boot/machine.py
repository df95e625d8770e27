"""A Debian container, booted under systemd."""
import json
import os
import pathlib
import shutil
import subprocess
import time


class Machine:
    """Uses the tree read-only; changes go to an overlay that is discarded after the run."""

    def __init__(self, tree, scratch):
        self.root = pathlib.Path(scratch) / "root"
        self.layers = pathlib.Path(scratch) / "layers"
        self.console = open(pathlib.Path(scratch) / "console.log", "wb")
        self.container = None
        self.pid = None
        for folder in (self.root, self.layers):
            folder.mkdir()
        # The scratch folder's file system may not support overlays; tmpfs does.
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1g", "tmpfs", self.layers], check=True)
        (self.layers / "upper").mkdir()
        (self.layers / "work").mkdir()
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o",
                        f"lowerdir={tree},upperdir={self.layers}/upper,workdir={self.layers}/work", self.root],
                       check=True)

    def boot(self):
        self.container = subprocess.Popen(
            ["systemd-nspawn", f"--directory={self.root}", "--register=no", "--keep-unit", "--boot",
             "--console=pipe", "--private-network", "--machine=guarded"],
            stdout=self.console, stderr=self.console, stdin=subprocess.DEVNULL)
        wait("the machine to boot", 60, self._is_up)

    def _is_up(self):
        children = pathlib.Path(f"/proc/{self.container.pid}/task/{self.container.pid}/children").read_text().split()
        if not children:
            return False
        self.pid = children[0]
        state = self.run("systemctl", "is-system-running", check=False)
        return state.stdout.strip() in ("running", "degraded")

    def power_off(self):
        if self.container is None or self.container.poll() is not None:
            return
        self.run("systemctl", "poweroff", check=False)
        try:
            self.container.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.container.kill()
            self.container.wait()

    def close(self):
        try:
            self.power_off()
        finally:
            subprocess.run(["umount", "--lazy", self.root], check=False)
            subprocess.run(["umount", "--lazy", self.layers], check=False)
            self.console.close()

    # Commands

    def run(self, *command, check=True, stdin=None, timeout=120):
        outcome = subprocess.run(["nsenter", "--target", self.pid, "--all", "--wdns=/", "env", "-i",
                                  "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", *command],
                                 capture_output=True, text=True, input=stdin, timeout=timeout)
        if check and outcome.returncode != 0:
            raise AssertionError(f"{' '.join(command)} ended with {outcome.returncode}:\n"
                                 f"{outcome.stdout[-2000:]}{outcome.stderr[-2000:]}")
        return outcome

    def sh(self, script, check=True, **more):
        return self.run("sh", "-c", script, check=check, **more)

    def write(self, path, text, mode=0o644):
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def copy(self, source, path):
        shutil.copy(source, self.root / path.lstrip("/"))

    def entries(self, *matches, since=None):
        """The journal's matching entries, oldest first."""
        command = ["journalctl", "--output=json", "--no-pager", "--all", *matches]
        if since is not None:
            command += [f"--since=@{since}"]
        return [json.loads(line) for line in self.run(*command).stdout.splitlines()]

    def service(self, field, unit="sendwarden"):
        return self.run("systemctl", "show", unit, f"--property={field}", "--value").stdout.strip()


def wait(what, seconds, condition):
    """Waits until the condition returns a true value, and returns it."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"timed out after {seconds} s waiting for {what}")
        time.sleep(0.2)


def require(condition, what):
    if not condition:
        raise AssertionError(what)


def repository():
    return pathlib.Path(os.path.realpath(__file__)).parent.parent.parent
