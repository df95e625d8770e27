"""The service under systemd and journald, against the simulated platform."""
import json
import re
import subprocess
import time

from machine import repository, require, wait

KEY = "sk_test_NeverShownInTheJournal"
WORLD = """
key: %s
bounce_lag: 5s
transit: 2s
pools: [{id: pool_a, name: A, capacity: 5000, used: 100}]
campaigns:
  - {id: good, name: Good list, pool: pool_a, status: running, leads: 4000, rate: 3600, bounce_rate: 0.5%%}
  - {id: bad, name: Bad list, pool: pool_a, status: %s, leads: 4000, rate: 3600, bounce_rate: 20%%}
  - {id: small, name: Small launch, pool: pool_a, leads: 50, rate: 3600, bounce_rate: 0%%}
  - {id: vast, name: Vast launch, pool: pool_a, leads: 9000, rate: 3600, bounce_rate: 0%%}
"""
POLICY = """
version: 1
workspace: {name: boot, provider: leadterra, url: "http://127.0.0.1:8025", credential: leadterra.key}
mode: %s
poll: {stats: 500ms, pools: 1s, budget: 100/s}
stale_after: 10s
campaigns:
  - {id: good, name: Good list, pool: pool_a}
  - {id: bad, name: Bad list, pool: pool_a}
  - {id: small, name: Small launch, pool: pool_a}
  - {id: vast, name: Vast launch, pool: pool_a}
launches: [{campaign: small}, {campaign: vast}]
rules:
  - {name: bounces, when: bounceRate > 6%% and resolved >= 40, for: 1s, then: %s, severity: critical}
  - {name: fits, on: launch, when: totalEnrolled > pool.available, then: hold}
"""
SIMULATOR = """
[Unit]
Before=sendwarden.service
[Service]
ExecStart=/usr/bin/sendwarden simulate --listen 127.0.0.1:8025 --world /etc/world.yaml --speed 20
[Install]
WantedBy=multi-user.target
"""
# Detects a hung loop within seconds instead of a minute.
IMPATIENT = "[Service]\nWatchdogSec=4s\nTimeoutAbortSec=2s\nRestartSec=1s\nStartLimitBurst=100\n"


def events_of(machine, kind):
    return machine.entries(f"SENDWARDEN_EVENT={kind}")


def posts(machine):
    requests = json.loads(machine.run("python3", "-c", "import urllib.request as r; "
                                      "print(r.urlopen('http://127.0.0.1:8025/simulator/requests').read().decode())"
                                      ).stdout)
    return [request["path"] for request in requests if request["method"] == "POST"]


def metric(machine, line):
    return line in machine.run("sendwarden", "metrics").stdout.splitlines()


def runs_again(machine, before):
    wait("a new process", 30, lambda: machine.service("MainPID") not in (before, "0"))
    wait("the service", 30, lambda: machine.service("ActiveState") == "active")


def goes_on(machine, actions):
    """The pause is still known, and no action is repeated."""
    require(metric(machine, 'sendwarden_campaigns{state="paused"} 1'), "the pause was forgotten")
    machine.sh("sleep 3")
    require(posts(machine) == actions, f"it acted again: {posts(machine)[len(actions):]}")


def starts_and_is_ready(machine):
    """with a key and a policy the service starts and reports its status"""
    machine.write("/etc/world.yaml", WORLD % (KEY, "running"))
    machine.write("/etc/systemd/system/simulator.service", SIMULATOR)
    machine.write("/etc/systemd/system/sendwarden.service.d/impatient.conf", IMPATIENT)
    machine.write("/etc/credstore/leadterra.key", KEY + "\n", mode=0o600)
    machine.write("/etc/sendwarden/policy.yaml", POLICY % ("observe", "pause"))
    machine.sh("systemctl daemon-reload && systemctl enable --now simulator")
    machine.sh("systemctl reset-failed sendwarden; systemctl start sendwarden")
    require(machine.service("ActiveState") == "active", "not active")
    require("watching 4 campaigns" in machine.service("StatusText"), machine.service("StatusText"))
    require(len(events_of(machine, "daemon.ready")) == 1, "no daemon.ready")
    wait("what it would pause", 30, lambda: events_of(machine, "campaign.paused"))
    require(posts(machine) == [], "it acted in observe mode")


def a_reload_takes_effect(machine):
    """systemctl reload applies a valid policy"""
    machine.write("/etc/sendwarden/policy.yaml", POLICY % ("enforce", "pause"))
    machine.run("systemctl", "reload", "sendwarden")
    wait("the pause", 30, lambda: "/v1/campaigns/bad/pause" in posts(machine))
    wait("the launch", 30, lambda: "/v1/campaigns/small/start" in posts(machine))
    wait("its entry", 10, lambda: [entry for entry in events_of(machine, "campaign.paused")
                                   if entry["SENDWARDEN_MODE"] == "enforce"])


def a_bad_reload_fails(machine):
    """systemctl reload fails on an invalid policy, and the policy in use stays in use"""
    machine.write("/etc/sendwarden/policy.yaml", POLICY % ("enforce", "paus"))
    outcome = machine.run("systemctl", "reload", "sendwarden", check=False)
    require(outcome.returncode != 0, "the reload did not fail")
    require("policy.yaml:14:" in events_of(machine, "policy.refused")[-1]["MESSAGE"], "the entry has no position")
    require(metric(machine, "sendwarden_enforcing 1"), "the policy in use was dropped")
    require(machine.service("ActiveState") == "active", "not active")
    machine.write("/etc/sendwarden/policy.yaml", POLICY % ("enforce", "pause"))
    machine.run("systemctl", "reload", "sendwarden")


def entries_are_complete(machine):
    """a pause is in the journal with every field, by event, by message id, and with its explanation"""
    entry = events_of(machine, "campaign.paused")[-1]
    expected = {"PRIORITY": "2", "SYSLOG_IDENTIFIER": "sendwarden", "SENDWARDEN_WORKSPACE": "boot",
                "SENDWARDEN_PROVIDER": "leadterra", "SENDWARDEN_CAMPAIGN": "bad", "SENDWARDEN_POOL": "pool_a",
                "SENDWARDEN_RULE": "bounces", "SENDWARDEN_SEVERITY": "critical", "SENDWARDEN_MODE": "enforce",
                "SENDWARDEN_THRESHOLD": "0.06", "SENDWARDEN_EXPRESSION": "bounceRate > 6% and resolved >= 40"}
    for field, value in expected.items():
        found = "2" if field == "PRIORITY" and entry[field] in "234" else entry.get(field)
        require(found == value, f"{field} is {entry.get(field)!r}, not {value!r}")
    for field in ("VALUE", "SENT", "RESOLVED", "BOUNCED", "QUEUED", "ENROLLED", "DECISION", "SEQ"):
        require(re.fullmatch(r"[0-9.]+", entry[f"SENDWARDEN_{field}"]), f"SENDWARDEN_{field} is not a number")
    require(isinstance(entry["MESSAGE"], str) and "\n" not in entry["MESSAGE"], "a name added a line")
    require(int(entry["SENDWARDEN_BOUNCED"]) * 100 > 6 * int(entry["SENDWARDEN_RESOLVED"]), "no breach in the counts")
    documented = set(re.findall(r"^\| `(SENDWARDEN_\w+)`", (repository() / "docs/events.md").read_text(), re.M))
    documented |= {"SENDWARDEN_EVENT", "SENDWARDEN_SEQ"}
    for found in machine.entries("SYSLOG_IDENTIFIER=sendwarden"):
        strange = {field for field in found if field.startswith("SENDWARDEN_")} - documented
        require(not strange, f"not in docs/events.md: {strange}")
    same = machine.entries(f"MESSAGE_ID={entry['MESSAGE_ID']}")
    require(same[-1]["__CURSOR"] == entry["__CURSOR"], "the message id finds another entry")
    explained = machine.sh(f"journalctl -x --no-pager MESSAGE_ID={entry['MESSAGE_ID']}").stdout
    require("Defined-By: Sendwarden" in explained and "Subject: A campaign was paused" in explained, explained)


def the_watchdog_ends_a_hang(machine):
    """the watchdog kills a hung daemon; its state survives"""
    before, actions = machine.service("MainPID"), posts(machine)
    machine.sh(f"kill -STOP {before}")
    runs_again(machine, before)
    require(machine.sh("journalctl -u sendwarden --no-pager | grep -c 'Watchdog timeout'").stdout.strip() != "0",
            "no watchdog")
    goes_on(machine, actions)


def the_status_is_shown(machine):
    """sendwarden status works for members of the group and for no other user"""
    machine.sh("useradd --groups sendwarden marketer && useradd stranger")
    screen = machine.sh("setpriv --reuid=marketer --regid=marketer --init-groups sendwarden status").stdout.splitlines()
    require(screen[0].startswith("boot on leadterra, enforce mode: watching 4 campaigns"), screen[0])
    require(any(line.startswith("bad \"Bad list\"") and " paused " in line for line in screen), str(screen))
    refused = machine.sh("setpriv --reuid=stranger --regid=stranger --init-groups sendwarden status", check=False)
    require(refused.returncode == 77 and "member of group sendwarden" in refused.stderr, refused.stderr)


def orders_name_their_giver(machine):
    """members of the group can give orders, which the journal attributes to them; others cannot"""
    as_marketer = "setpriv --reuid=marketer --regid=marketer --init-groups sendwarden"
    outcome = machine.sh(f"{as_marketer} pause good --reason 'the client called'").stdout
    require(outcome.splitlines()[-1] == "good is paused", outcome)
    entry = events_of(machine, "order.accepted")[-1]
    require(re.fullmatch(r"marketer \(uid \d+, pid \d+\)", entry["SENDWARDEN_BY"]), entry["SENDWARDEN_BY"])
    require(entry["SENDWARDEN_REASON"] == "the client called", entry["SENDWARDEN_REASON"])
    why = machine.sh(f"{as_marketer} explain good").stdout
    require("ordered by marketer (uid " in why and "only a person can start it again" in why, why)
    stranger = machine.sh("setpriv --reuid=stranger --regid=stranger --init-groups sendwarden resume good", check=False)
    require(stranger.returncode == 77, stranger.stderr)
    resumed = machine.sh(f"{as_marketer} resume good").stdout
    require(resumed.splitlines()[-1] == "good is running", resumed)
    history = machine.sh(f"{as_marketer} history --event order").stdout.splitlines()
    require(len(history) == 2 and all("marketer" in line for line in history), str(history))


def doctor_passes(machine):
    """sendwarden doctor, as root, passes every check"""
    outcome = machine.sh("sendwarden doctor", check=False)
    require(outcome.returncode == 0 and "FAIL" not in outcome.stdout, outcome.stdout)
    for word in ("systemd: is running", "journal: the journal's socket is writable", "campaign statistics: received for 4",
                 "key: /etc/credstore/leadterra.key is readable only by its owner", "ledger.sqlite is valid"):
        require(word in outcome.stdout, f"{word}: {outcome.stdout}")
    machine.sh("sendwarden report --output /tmp/report.html && grep -q '<svg role' /tmp/report.html")
    machine.sh("test -s /usr/share/sendwarden/policy.schema.json")


def a_kill_is_survived(machine):
    """after kill -9 it restarts and repeats nothing"""
    actions = posts(machine)
    for _ in range(3):
        before = machine.service("MainPID")
        machine.sh(f"kill -KILL {before}")
        runs_again(machine, before)
    goes_on(machine, actions)


def journald_restarts(machine):
    """no entry is lost while journald restarts"""
    pid = machine.service("MainPID")
    first = len(machine.entries(f"_PID={pid}"))
    machine.sh("for i in $(seq 60); do systemctl reload sendwarden; "
               "[ $((i % 15)) -ne 0 ] || systemctl restart systemd-journald; done")
    count = wait("the last entry", 20, lambda: next((len(entries) for entries in [machine.entries(f"_PID={pid}")]
                                                     if len(entries) >= first + 60), None))
    numbers = sorted(int(entry["SENDWARDEN_SEQ"]) for entry in machine.entries(f"_PID={pid}"))
    require(numbers == list(range(numbers[0], numbers[0] + len(numbers))), "a gap in SENDWARDEN_SEQ")
    return f"{count} entries, 4 restarts"


def a_stopped_journald_stops_nothing(machine):
    """while journald is stopped, reloads and metrics work; no entry is lost when it continues"""
    pid = machine.service("MainPID")
    # More entries than the socket's queue holds, so that a writer that waits for journald would block.
    burst = int(machine.sh("cat /proc/sys/net/unix/max_dgram_qlen").stdout) + 100
    first = len(machine.entries(f"_PID={pid}"))
    journald = machine.service("MainPID", "systemd-journald")
    machine.sh(f"kill -STOP {journald}")
    try:
        # A reload through the control socket, because systemctl would wait for systemd, which logs too.
        machine.sh(f"for i in $(seq {burst}); do timeout 10 sendwarden reload >/dev/null || exit 1; done", timeout=300)
        require(machine.run("timeout", "10", "sendwarden", "metrics").stdout, "no metrics")
        require(machine.service("MainPID") == pid, "the watchdog killed it")
    finally:
        machine.sh(f"kill -CONT {journald}")
    count = wait("the last entry", 30, lambda: next((len(entries) for entries in [machine.entries(f"_PID={pid}")]
                                                     if len(entries) >= first + burst), None))
    numbers = sorted(int(entry["SENDWARDEN_SEQ"]) for entry in machine.entries(f"_PID={pid}"))
    require(numbers == list(range(numbers[0], numbers[0] + len(numbers))), "a gap in SENDWARDEN_SEQ")
    return f"{count} entries, {burst} of them while it was stopped"


def a_full_disk_stops_no_pause(machine):
    """with a full state directory pauses are sent, nothing is started, and the ledger recovers"""
    machine.sh("systemctl stop sendwarden simulator; rm -rf /var/lib/private/sendwarden/*; "
               "mount -t tmpfs -o size=1m tmpfs /var/lib/private/sendwarden; systemctl start sendwarden")
    # No decision has been made, because there is no platform, and the ledger cannot be written.
    machine.sh("dd if=/dev/zero of=/var/lib/private/sendwarden/ballast bs=4k 2>/dev/null; true")
    since = time.time()
    machine.sh("systemctl start simulator")
    wait("the ledger to fail", 60, lambda: machine.entries("SENDWARDEN_EVENT=ledger.failed", since=int(since) - 5))
    wait("the pause", 60, lambda: "/v1/campaigns/bad/pause" in posts(machine))
    machine.sh("sleep 2")
    require("/v1/campaigns/small/start" not in posts(machine), "it started a launch that it could not store")
    machine.sh("mount -o remount,size=8m /var/lib/private/sendwarden")
    wait("it to heal", 60, lambda: machine.entries("SENDWARDEN_EVENT=ledger.recovered", since=int(since)))
    machine.sh("systemctl stop sendwarden; umount /var/lib/private/sendwarden; systemctl restart simulator; "
               "systemctl start sendwarden")
    wait("the pause", 30, lambda: metric(machine, 'sendwarden_campaigns{state="paused"} 1'))


def the_clock_is_stepped(machine):
    """steps of the clock neither fire nor clear rules"""
    library = machine.root / "usr/lib/stepped_clock.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, repository() / "Tests/Boot/stepped_clock.c"],
                   check=True)
    machine.write("/etc/clock-step", "0\n")
    machine.write("/etc/systemd/system/sendwarden.service.d/clock.conf",
                  "[Service]\nEnvironment=LD_PRELOAD=/usr/lib/stepped_clock.so\n")
    machine.sh("systemctl daemon-reload; systemctl restart sendwarden; sleep 3")
    wait("the pause", 30, lambda: metric(machine, 'sendwarden_campaigns{state="paused"} 1'))
    actions = posts(machine)
    pid = machine.service("MainPID")
    before = len(machine.entries(f"_PID={pid}"))
    for step in ("-7200\n", "0\n", "90000\n"):
        machine.write("/etc/clock-step", step)
        machine.sh("sleep 3")
    quiet = [entry for entry in machine.entries(f"_PID={pid}")[before:] if entry.get("SENDWARDEN_EVENT")]
    require(posts(machine) == actions, "it acted")
    require(not quiet, f"reported: {[entry['MESSAGE'] for entry in quiet]}")
    require(machine.service("ActiveState") == "active" and machine.service("MainPID") == pid, "it exited")
    machine.sh("rm /etc/systemd/system/sendwarden.service.d/clock.conf; systemctl daemon-reload; "
               "systemctl restart sendwarden")


def a_reboot_is_survived(machine):
    """after a reboot it guards again, and still knows its pause"""
    machine.write("/etc/world.yaml", WORLD % (KEY, "paused"))
    machine.power_off()
    machine.boot()
    wait("the service", 30, lambda: machine.service("ActiveState") == "active")
    goes_on(machine, [])


def the_key_is_nowhere(machine):
    """the key is in no log entry, file or process environment"""
    require("NeverShown" not in machine.sh("journalctl --no-pager -o export --all -u sendwarden").stdout, "in the journal")
    machine.sh("! grep -q NeverShown /var/lib/private/sendwarden/*")
    pid = machine.service("MainPID")
    machine.sh(f"! tr '\\0' '\\n' </proc/{pid}/environ | grep -q NeverShown")
    require(machine.sh(f"grep 'Max core file size' /proc/{pid}/limits").stdout.split()[4] == "0", "core dumps are enabled")


def it_is_confined(machine):
    """the unit's exposure is at most 1.2"""
    line = machine.sh("systemd-analyze security sendwarden | tail -n 1").stdout
    exposure = float(re.search(r"([0-9.]+) ", line.split(":")[1]).group(1))
    require(exposure <= 1.2, line)
    user = machine.sh("stat -c %U /run/sendwarden/control.sock").stdout.strip()
    require(user != "root", "it runs as root")
    memory = machine.sh(f"grep -E 'VmRSS|RssAnon' /proc/{machine.service('MainPID')}/status").stdout.split()
    return f"{exposure}; memory {int(memory[1]) / 1024:.1f} MiB, private {int(memory[4]) / 1024:.1f} MiB"


def keys_can_be_encrypted(machine):
    """a key encrypted with systemd-creds works as documented, and an empty key is reported"""
    drop_in = "/etc/systemd/system/sendwarden.service.d/sealed.conf"
    machine.write(drop_in, "[Service]\nLoadCredential=\nLoadCredentialEncrypted=leadterra.key\n")
    machine.sh("systemd-creds encrypt --name=leadterra.key /etc/credstore/leadterra.key "
               "/etc/credstore.encrypted/leadterra.key && mv /etc/credstore/leadterra.key /root/leadterra.key; "
               "systemctl daemon-reload; systemctl restart sendwarden")
    require(metric(machine, "sendwarden_api_healthy 1"), "the platform rejects the key")
    machine.sh(f"rm {drop_in}; touch /etc/credstore/leadterra.key; systemctl daemon-reload")
    require(machine.run("systemctl", "restart", "sendwarden", check=False).returncode != 0, "it started without a key")
    require(machine.service("ExecMainStatus") == "78", "the exit status is not 78")
    require("is empty" in events_of(machine, "policy.refused")[-1]["MESSAGE"], "the entry has no reason")
    machine.sh("mv /root/leadterra.key /etc/credstore/leadterra.key; systemctl restart sendwarden")


def instances_are_separate(machine):
    """sendwarden@NAME guards another workspace with its own policy, key and ledger"""
    machine.write("/etc/sendwarden/second.yaml",
                  (POLICY % ("observe", "pause")).replace("name: boot", "name: second"))
    machine.write("/etc/credstore/leadterra.second.key", KEY, mode=0o600)
    machine.run("systemctl", "start", "sendwarden@second")
    require(machine.service("ActiveState", "sendwarden@second") == "active", "not active")
    require(machine.entries("SENDWARDEN_WORKSPACE=second", "SENDWARDEN_EVENT=daemon.ready"), "not ready")
    users = machine.sh("stat -c %u /run/sendwarden/control.sock /run/sendwarden@second/control.sock").stdout.split()
    require(users[0] != users[1], "both have the same user")
    machine.run("systemctl", "reload", "sendwarden@second")
    machine.run("systemctl", "stop", "sendwarden@second")
    require(metric(machine, "sendwarden_enforcing 1"), "the other instance is affected")


CHECKS = [starts_and_is_ready, a_reload_takes_effect, a_bad_reload_fails, entries_are_complete, the_status_is_shown,
          orders_name_their_giver, doctor_passes,
          the_watchdog_ends_a_hang, a_kill_is_survived, journald_restarts, a_stopped_journald_stops_nothing,
          it_is_confined, the_key_is_nowhere,
          keys_can_be_encrypted, instances_are_separate, a_full_disk_stops_no_pause, the_clock_is_stepped, a_reboot_is_survived]
