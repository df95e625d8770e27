"""From an installed package to the first guarded campaign: init, and the command that it prints."""
import time

import service
from machine import require, wait

WORLD = """
key: %s
pools: [{id: pool_a, name: A, capacity: 5000, used: 100}]
campaigns:
  - {id: good, pool: pool_a, status: running, leads: 4000, rate: 3600, bounce_rate: 0.5%%}
  - {id: bad, pool: pool_a, status: running, leads: 9000, rate: 3600, bounce_rate: 40%%, sent: 1000, bounced: 400}
"""
URL = "http://127.0.0.1:8025"


def init_starts_the_service(machine):
    """init stores the key and writes the policy, and the command that it prints starts the service"""
    machine.write("/etc/world.yaml", WORLD % service.KEY)
    program = machine.sh("command -v sendwarden").stdout.strip()
    machine.write("/etc/systemd/system/simulator.service", service.SIMULATOR.replace("/usr/bin/sendwarden", program))
    machine.sh("systemctl daemon-reload && systemctl start simulator")
    wait("the simulator", 20, lambda: machine.sh(
        "journalctl -u simulator --no-pager | grep -q 'http://127'", check=False).returncode == 0)
    sample = machine.sh("cat /etc/sendwarden/policy.yaml").stdout
    refused = machine.run("sendwarden", "init", "--provider", "leadterra", "--key-file", "-", "--campaign", "good",
                          "--base-url", URL, stdin="sk_test_wrong\n", check=False)
    require(refused.returncode == 77, f"a wrong key: {refused.returncode} {refused.stdout}{refused.stderr}")
    require(machine.sh("ls -A /etc/credstore").stdout == "", "a rejected key was stored")
    require(machine.sh("cat /etc/sendwarden/policy.yaml").stdout == sample, "the sample was replaced")
    outcome = machine.run("sendwarden", "init", "--provider", "leadterra", "--key-file", "-", "--campaign", "good",
                          "bad", "--base-url", URL, stdin=service.KEY + "\n", check=False)
    require(outcome.returncode == 0, outcome.stdout + outcome.stderr)
    require("FAIL" not in outcome.stdout and service.KEY not in outcome.stdout + outcome.stderr, outcome.stdout)
    require(machine.sh("stat -c '%a %U' /etc/credstore/leadterra.key").stdout == "600 root\n", "the key's mode")
    check = machine.sh("sendwarden check")
    require(check.stderr == "" and "observe mode, 2 campaigns" in check.stdout, check.stdout + check.stderr)
    require("systemctl enable --now sendwarden" in outcome.stdout, outcome.stdout)
    machine.run("systemctl", "enable", "--now", "sendwarden")
    require("watching 2 campaigns" in machine.service("StatusText"), machine.service("StatusText"))
    again = machine.run("sendwarden", "init", "--provider", "leadterra", "--campaign", "good", check=False, stdin="")
    require(again.returncode == 73 and "--force" in again.stderr, again.stderr)


def init_guards_a_campaign(machine):
    """after the installation, two commands guard a campaign in observe mode"""
    began = time.monotonic()
    init_starts_the_service(machine)
    wait("the first decision", 100, lambda: [entry for entry in machine.entries("SENDWARDEN_EVENT=campaign.paused")
                                             if entry["SENDWARDEN_MODE"] == "observe"])
    took = time.monotonic() - began
    require(service.posts(machine) == [], "it acted in observe mode")
    require(took < 120, f"it took {took:.0f} s")
    return f"first decision after {took:.0f} s"


def returns_to_the_sample(machine):
    """what the first steps wrote is removed"""
    machine.sh("systemctl stop sendwarden simulator; rm -rf /etc/credstore/leadterra.key "
               "/var/lib/private/sendwarden/*; cp /usr/share/sendwarden/policy.yaml /etc/sendwarden/policy.yaml; "
               "journalctl --rotate; sleep 2; journalctl --vacuum-time=1s >/dev/null 2>&1")


CHECKS = [init_guards_a_campaign, returns_to_the_sample]
