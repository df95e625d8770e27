"""The configurations of config/scrape, each with the real program."""
import re
import shutil
import time

import service
from machine import repository, require, wait

SCRAPE = repository() / "config/scrape"


def breach(machine):
    """Restarts the world and waits until the bad list is paused; returns the time before that."""
    machine.write("/etc/world.yaml", service.WORLD % (service.KEY, "running"))
    machine.sh("systemctl stop sendwarden; rm -f /var/lib/private/sendwarden/*; systemctl restart simulator")
    since = int(time.time())
    machine.sh("systemctl start sendwarden")
    wait("a pause", 30, lambda: machine.entries("SENDWARDEN_EVENT=campaign.paused", since=since))
    return since


def install(machine, name, path):
    target = machine.root / path.lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(SCRAPE / name, target)


def text(machine, path):
    file = machine.root / path.lstrip("/")
    return file.read_text(errors="replace") if file.exists() else ""


def jq_prints_pauses(machine):
    """journalctl and jq print one line per pause"""
    since = breach(machine)
    install(machine, "journalctl-jq", "/usr/local/bin/journalctl-jq")
    cells = machine.sh(f"/usr/local/bin/journalctl-jq --since=@{since}").stdout.splitlines()[-1].split("\t")
    require(cells[1:4] == ["campaign.paused", "bad", "bounces"] and cells[5] == "enforce", str(cells))
    require(0.06 < float(cells[4]) < 0.5, cells[4])


def metrics_are_sound(machine):
    """promtool accepts the metrics and the alerts, and their test passes"""
    outcome = machine.sh("sendwarden metrics | promtool check metrics", check=False)
    require(outcome.returncode == 0 and outcome.stderr == "", outcome.stdout + outcome.stderr)
    for name in ("alerts.yml", "alerts-test.yml"):
        install(machine, name, f"/root/{name}")
    machine.sh("cd /root && promtool check rules alerts.yml && promtool test rules alerts-test.yml")


def rsyslog_mtail_and_swatchdog_follow(machine):
    """rsyslog writes each event to a file, where mtail counts and swatchdog acts"""
    install(machine, "rsyslog.conf", "/etc/rsyslog.d/10-sendwarden.conf")
    install(machine, "sendwarden.mtail", "/etc/mtail/sendwarden.mtail")
    install(machine, "swatchdog.conf", "/root/swatchdog.conf")
    machine.sh("touch /var/log/sendwarden.log; rsyslogd -N1 2>&1; systemctl restart rsyslog")
    machine.sh("systemd-run --unit=mtail-test mtail --progs /etc/mtail --logs /var/log/sendwarden.log --port 3903 "
               "--address 127.0.0.1; systemd-run --unit=swatch-test --setenv=HOME=/root swatchdog "
               "--config-file=/root/swatchdog.conf --tail-file=/var/log/sendwarden.log")

    def is_followed():
        machine.run("systemctl", "reload", "sendwarden")
        return "event=policy.loaded" in text(machine, "/var/log/sendwarden.log")

    wait("rsyslog to follow", 30, is_followed)
    since = breach(machine)
    line = wait("the pause in the file", 20, lambda: next(
        (line for line in text(machine, "/var/log/sendwarden.log").splitlines() if "event=campaign.paused" in line), None))
    require(" mode=enforce campaign=bad rule=bounces value=0." in line, line)
    count = len(machine.entries("SYSLOG_IDENTIFIER=sendwarden", f"_PID={machine.service('MainPID')}"))
    wait("every event in the file", 20, lambda: len(text(machine, "/var/log/sendwarden.log").splitlines()) >= count)
    counters = wait("mtail's counter", 20, lambda: next(
        (out for out in [machine.run("python3", "-c", "import urllib.request as r; print(r.urlopen("
                                     "'http://127.0.0.1:3903/metrics').read().decode())").stdout]
         if "sendwarden_log_pauses_total{" in out), None))
    sample = next(line for line in counters.splitlines() if line.startswith("sendwarden_log_pauses_total{"))
    require('campaign="bad"' in sample and 'rule="bounces"' in sample and sample.endswith(" 1"), sample)
    wait("swatchdog's action", 20, lambda: machine.entries("SYSLOG_IDENTIFIER=campaign-watch", since=since))
    machine.sh("systemctl stop mtail-test swatch-test", check=False)


def fail2ban_acts(machine):
    """fail2ban acts once for each paused campaign, through its systemd backend"""
    install(machine, "fail2ban/filter.conf", "/etc/fail2ban/filter.d/sendwarden.conf")
    install(machine, "fail2ban/jail.conf", "/etc/fail2ban/jail.d/sendwarden.conf")
    install(machine, "fail2ban/action.conf", "/etc/fail2ban/action.d/sendwarden.conf")
    machine.write("/etc/fail2ban/jail.d/defaults-debian.conf", "[sshd]\nenabled = false\n")
    # fail2ban reads the last hour, so that earlier pauses count too.
    machine.sh("systemctl restart fail2ban; sleep 1; fail2ban-client status sendwarden")
    breach(machine)
    wait("fail2ban's action", 30, lambda: machine.entries("SYSLOG_IDENTIFIER=campaign-alert"))
    machine.sh("sleep 2")
    acts = [entry["MESSAGE"] for entry in machine.entries("SYSLOG_IDENTIFIER=campaign-alert")]
    # A person also paused another campaign within that hour.
    require(sorted(act.split()[1] for act in acts) == ["bad", "good"], str(acts))
    status = machine.sh("fail2ban-client status sendwarden").stdout
    require(re.search(r"Banned IP list:\t.*\bbad\b", status), status)
    machine.sh("systemctl stop fail2ban")


def syslog_ng_filters(machine):
    """syslog-ng selects pauses by their message id"""
    machine.sh("DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-download --no-install-recommends "
               "syslog-ng-core")
    install(machine, "syslog-ng.conf", "/etc/syslog-ng/syslog-ng.conf")
    machine.sh("syslog-ng --syntax-only && systemctl restart syslog-ng; sleep 1")
    breach(machine)
    lines = wait("the pause in the file", 30, lambda: text(machine, "/var/log/sendwarden-paused.log").splitlines())
    require(" enforce bad bounces paused bad " in lines[-1], lines[-1])
    require(all(" paused bad " in line for line in lines), "it selected another event")


CHECKS = [jq_prints_pauses, metrics_are_sound, rsyslog_mtail_and_swatchdog_follow, fail2ban_acts, syslog_ng_filters]
