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
# A hung loop is to be found within seconds here, not after a minute.
IMPATIENT = "[Service]\nWatchdogSec=4s\nTimeoutAbortSec=2s\nRestartSec=1s\nStartLimitBurst=100\n"


def told(machine, kind):
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
    """It knows what it had paused, and does nothing twice."""
    require(metric(machine, 'sendwarden_campaigns{state="paused"} 1'), "the pause was forgotten")
    machine.sh("sleep 3")
    require(posts(machine) == actions, f"it acted again: {posts(machine)[len(actions):]}")


def starts_and_is_ready(machine):
    """with a key and a policy the service starts, and says how it is"""
    machine.write("/etc/world.yaml", WORLD % (KEY, "running"))
    machine.write("/etc/systemd/system/simulator.service", SIMULATOR)
    machine.write("/etc/systemd/system/sendwarden.service.d/impatient.conf", IMPATIENT)
    machine.write("/etc/credstore/leadterra.key", KEY + "\n", mode=0o600)
    machine.write("/etc/sendwarden/policy.yaml", POLICY % ("observe", "pause"))
    machine.sh("systemctl daemon-reload && systemctl enable --now simulator")
    machine.sh("systemctl reset-failed sendwarden; systemctl start sendwarden")
    require(machine.service("ActiveState") == "active", "not active")
    require("watching 4 campaigns" in machine.service("StatusText"), machine.service("StatusText"))
    require(len(told(machine, "daemon.ready")) == 1, "no daemon.ready")
    wait("what it would pause", 30, lambda: told(machine, "campaign.paused"))
    require(posts(machine) == [], "it acted in observe mode")


def a_reload_takes_effect(machine):
    """systemctl reload takes a good policy into use"""
    machine.write("/etc/sendwarden/policy.yaml", POLICY % ("enforce", "pause"))
    machine.run("systemctl", "reload", "sendwarden")
    wait("the pause", 30, lambda: "/v1/campaigns/bad/pause" in posts(machine))
    wait("the launch", 30, lambda: "/v1/campaigns/small/start" in posts(machine))
    wait("its entry", 10, lambda: [entry for entry in told(machine, "campaign.paused")
                                   if entry["SENDWARDEN_MODE"] == "enforce"])


def a_bad_reload_fails(machine):
    """systemctl reload fails on a bad policy, and the old one goes on"""
    machine.write("/etc/sendwarden/policy.yaml", POLICY % ("enforce", "paus"))
    outcome = machine.run("systemctl", "reload", "sendwarden", check=False)
    require(outcome.returncode != 0, "the reload did not fail")
    require("policy.yaml:14:" in told(machine, "policy.refused")[-1]["MESSAGE"], "the entry names no place")
    require(metric(machine, "sendwarden_enforcing 1"), "the old policy is gone")
    require(machine.service("ActiveState") == "active", "not active")
    machine.write("/etc/sendwarden/policy.yaml", POLICY % ("enforce", "pause"))
    machine.run("systemctl", "reload", "sendwarden")


def entries_are_complete(machine):
    """a pause stands in the journal with every field, by event, by message id, and with its explanation"""
    entry = told(machine, "campaign.paused")[-1]
    expected = {"PRIORITY": "2", "SYSLOG_IDENTIFIER": "sendwarden", "SENDWARDEN_WORKSPACE": "boot",
                "SENDWARDEN_PROVIDER": "leadterra", "SENDWARDEN_CAMPAIGN": "bad", "SENDWARDEN_POOL": "pool_a",
                "SENDWARDEN_RULE": "bounces", "SENDWARDEN_SEVERITY": "critical", "SENDWARDEN_MODE": "enforce",
                "SENDWARDEN_THRESHOLD": "0.06", "SENDWARDEN_EXPRESSION": "bounceRate > 6% and resolved >= 40"}
    for field, value in expected.items():
        found = "2" if field == "PRIORITY" and entry[field] in "234" else entry.get(field)
        require(found == value, f"{field} is {entry.get(field)!r}, not {value!r}")
    for field in ("VALUE", "SENT", "RESOLVED", "BOUNCED", "QUEUED", "ENROLLED", "DECISION", "SEQ"):
        require(re.fullmatch(r"[0-9.]+", entry[f"SENDWARDEN_{field}"]), f"SENDWARDEN_{field} is no number")
    require(isinstance(entry["MESSAGE"], str) and "\n" not in entry["MESSAGE"], "a name forged a line")
    require(int(entry["SENDWARDEN_BOUNCED"]) * 100 > 6 * int(entry["SENDWARDEN_RESOLVED"]), "no breach in the counts")
    documented = set(re.findall(r"^\| `(SENDWARDEN_\w+)`", (repository() / "docs/events.md").read_text(), re.M))
    documented |= {"SENDWARDEN_EVENT", "SENDWARDEN_SEQ"}
    for found in machine.entries("SYSLOG_IDENTIFIER=sendwarden"):
        strange = {field for field in found if field.startswith("SENDWARDEN_")} - documented
        require(not strange, f"not in docs/events.md: {strange}")
    same = machine.entries(f"MESSAGE_ID={entry['MESSAGE_ID']}")
    require(same[-1]["__CURSOR"] == entry["__CURSOR"], "another entry by its message id")
    explained = machine.sh(f"journalctl -x --no-pager MESSAGE_ID={entry['MESSAGE_ID']}").stdout
    require("Defined-By: Sendwarden" in explained and "Subject: A campaign was paused" in explained, explained)


def the_watchdog_ends_a_hang(machine):
    """the watchdog kills a daemon that hangs; its memory survives"""
    before, actions = machine.service("MainPID"), posts(machine)
    machine.sh(f"kill -STOP {before}")
    runs_again(machine, before)
    require(machine.sh("journalctl -u sendwarden --no-pager | grep -c 'Watchdog timeout'").stdout.strip() != "0",
            "no watchdog")
    goes_on(machine, actions)


def the_status_is_shown(machine):
    """sendwarden status shows it on one screen, also to a member of the group, and to nobody else"""
    machine.sh("useradd --groups sendwarden marketer && useradd stranger")
    screen = machine.sh("setpriv --reuid=marketer --regid=marketer --init-groups sendwarden status").stdout.splitlines()
    require(screen[0].startswith("boot on leadterra, enforce mode: watching 4 campaigns"), screen[0])
    require(any(line.startswith("bad \"Bad list\"") and " paused " in line for line in screen), str(screen))
    refused = machine.sh("setpriv --reuid=stranger --regid=stranger --init-groups sendwarden status", check=False)
    require(refused.returncode == 77 and "member of group sendwarden" in refused.stderr, refused.stderr)


def orders_name_their_giver(machine):
    """a member of the group gives orders, and the journal says who it was; nobody else may"""
    as_marketer = "setpriv --reuid=marketer --regid=marketer --init-groups sendwarden"
    outcome = machine.sh(f"{as_marketer} pause good --reason 'the client called'").stdout
    require(outcome.splitlines()[-1] == "good is paused", outcome)
    entry = told(machine, "order.accepted")[-1]
    require(re.fullmatch(r"marketer \(uid \d+, pid \d+\)", entry["SENDWARDEN_BY"]), entry["SENDWARDEN_BY"])
    require(entry["SENDWARDEN_REASON"] == "the client called", entry["SENDWARDEN_REASON"])
    why = machine.sh(f"{as_marketer} explain good").stdout
    require("ordered by marketer (uid " in why and "only a person starts it again" in why, why)
    stranger = machine.sh("setpriv --reuid=stranger --regid=stranger --init-groups sendwarden resume good", check=False)
    require(stranger.returncode == 77, stranger.stderr)
    resumed = machine.sh(f"{as_marketer} resume good").stdout
    require(resumed.splitlines()[-1] == "good is running", resumed)
    history = machine.sh(f"{as_marketer} history --event order").stdout.splitlines()
    require(len(history) == 2 and all("marketer" in line for line in history), str(history))


def the_doctor_finds_it_well(machine):
    """sendwarden doctor finds nothing wrong on a machine that is well, as root"""
    outcome = machine.sh("sendwarden doctor", check=False)
    require(outcome.returncode == 0 and "FAIL" not in outcome.stdout, outcome.stdout)
    for word in ("systemd: runs this machine", "journal: journald can be told", "campaign statistics: 4 answered",
                 "key: /etc/credstore/leadterra.key can be read", "ledger.sqlite is sound"):
        require(word in outcome.stdout, f"{word}: {outcome.stdout}")
    machine.sh("sendwarden report --output /tmp/report.html && grep -q '<svg role' /tmp/report.html")
    machine.sh("test -s /usr/share/sendwarden/policy.schema.json")


def a_kill_is_survived(machine):
    """kill -9: it starts again, and nothing is done twice"""
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
    """while journald is stopped, reloads and metrics are answered; no entry is lost when it goes on"""
    pid = machine.service("MainPID")
    # More entries than the socket's queue takes, so that a writer that waits for journald would be stuck.
    burst = int(machine.sh("cat /proc/sys/net/unix/max_dgram_qlen").stdout) + 100
    first = len(machine.entries(f"_PID={pid}"))
    journald = machine.service("MainPID", "systemd-journald")
    machine.sh(f"kill -STOP {journald}")
    try:
        # A reload through the socket, as systemctl would wait for a manager that logs as well.
        machine.sh(f"for i in $(seq {burst}); do timeout 10 sendwarden reload >/dev/null || exit 1; done", timeout=300)
        require(machine.run("timeout", "10", "sendwarden", "metrics").stdout, "metrics do not answer")
        require(machine.service("MainPID") == pid, "the watchdog ended it")
    finally:
        machine.sh(f"kill -CONT {journald}")
    count = wait("the last entry", 30, lambda: next((len(entries) for entries in [machine.entries(f"_PID={pid}")]
                                                     if len(entries) >= first + burst), None))
    numbers = sorted(int(entry["SENDWARDEN_SEQ"]) for entry in machine.entries(f"_PID={pid}"))
    require(numbers == list(range(numbers[0], numbers[0] + len(numbers))), "a gap in SENDWARDEN_SEQ")
    return f"{count} entries, {burst} of them while it was stopped"


def a_full_disk_stops_no_pause(machine):
    """with a full state directory pauses still go out, nothing is started, and it heals"""
    machine.sh("systemctl stop sendwarden simulator; rm -rf /var/lib/private/sendwarden/*; "
               "mount -t tmpfs -o size=1m tmpfs /var/lib/private/sendwarden; systemctl start sendwarden")
    # Nothing has been decided yet, as there is no platform; and nothing more can be stored.
    machine.sh("dd if=/dev/zero of=/var/lib/private/sendwarden/ballast bs=4k 2>/dev/null; true")
    since = time.time()
    machine.sh("systemctl start simulator")
    wait("the ledger to fail", 60, lambda: machine.entries("SENDWARDEN_EVENT=ledger.failed", since=int(since) - 5))
    wait("the pause", 60, lambda: "/v1/campaigns/bad/pause" in posts(machine))
    machine.sh("sleep 2")
    require("/v1/campaigns/small/start" not in posts(machine), "it started something that it could not keep")
    machine.sh("mount -o remount,size=8m /var/lib/private/sendwarden")
    wait("it to heal", 60, lambda: machine.entries("SENDWARDEN_EVENT=ledger.recovered", since=int(since)))
    machine.sh("systemctl stop sendwarden; umount /var/lib/private/sendwarden; systemctl restart simulator; "
               "systemctl start sendwarden")
    wait("the pause", 30, lambda: metric(machine, 'sendwarden_campaigns{state="paused"} 1'))


def the_clock_is_stepped(machine):
    """steps of the clock fire and clear nothing"""
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
    require(not quiet, f"told: {[entry['MESSAGE'] for entry in quiet]}")
    require(machine.service("ActiveState") == "active" and machine.service("MainPID") == pid, "it ended")
    machine.sh("rm /etc/systemd/system/sendwarden.service.d/clock.conf; systemctl daemon-reload; "
               "systemctl restart sendwarden")


def a_reboot_is_survived(machine):
    """after a reboot it guards again, and knows what it had paused"""
    machine.write("/etc/world.yaml", WORLD % (KEY, "paused"))
    machine.power_off()
    machine.boot()
    wait("the service", 30, lambda: machine.service("ActiveState") == "active")
    goes_on(machine, [])


def the_key_is_nowhere(machine):
    """the key is in no entry, no file and no process's environment"""
    require("NeverShown" not in machine.sh("journalctl --no-pager -o export --all -u sendwarden").stdout, "in the journal")
    machine.sh("! grep -q NeverShown /var/lib/private/sendwarden/*")
    pid = machine.service("MainPID")
    machine.sh(f"! tr '\\0' '\\n' </proc/{pid}/environ | grep -q NeverShown")
    require(machine.sh(f"grep 'Max core file size' /proc/{pid}/limits").stdout.split()[4] == "0", "it may dump core")


def it_is_confined(machine):
    """the unit's exposure is at most 1.2"""
    line = machine.sh("systemd-analyze security sendwarden | tail -n 1").stdout
    exposure = float(re.search(r"([0-9.]+) ", line.split(":")[1]).group(1))
    require(exposure <= 1.2, line)
    user = machine.sh("stat -c %U /run/sendwarden/control.sock").stdout.strip()
    require(user != "root", "it runs as root")
    memory = machine.sh(f"grep -E 'VmRSS|RssAnon' /proc/{machine.service('MainPID')}/status").stdout.split()
    return f"{exposure}; memory {int(memory[1]) / 1024:.1f} MiB, of which its own {int(memory[4]) / 1024:.1f} MiB"


def keys_can_be_sealed(machine):
    """a key sealed with systemd-creds works as docs/service.md says, and an empty one is told"""
    drop_in = "/etc/systemd/system/sendwarden.service.d/sealed.conf"
    machine.write(drop_in, "[Service]\nLoadCredential=\nLoadCredentialEncrypted=leadterra.key\n")
    machine.sh("systemd-creds encrypt --name=leadterra.key /etc/credstore/leadterra.key "
               "/etc/credstore.encrypted/leadterra.key && mv /etc/credstore/leadterra.key /root/leadterra.key; "
               "systemctl daemon-reload; systemctl restart sendwarden")
    require(metric(machine, "sendwarden_api_healthy 1"), "the platform refuses the key")
    machine.sh(f"rm {drop_in}; touch /etc/credstore/leadterra.key; systemctl daemon-reload")
    require(machine.run("systemctl", "restart", "sendwarden", check=False).returncode != 0, "it started without a key")
    require(machine.service("ExecMainStatus") == "78", "another exit status than 78")
    require("is empty" in told(machine, "policy.refused")[-1]["MESSAGE"], "the entry does not say why")
    machine.sh("mv /root/leadterra.key /etc/credstore/leadterra.key; systemctl restart sendwarden")


def instances_are_separate(machine):
    """sendwarden@NAME guards another workspace with a policy, a key and a ledger of its own"""
    machine.write("/etc/sendwarden/second.yaml",
                  (POLICY % ("observe", "pause")).replace("name: boot", "name: second"))
    machine.write("/etc/credstore/leadterra.second.key", KEY, mode=0o600)
    machine.run("systemctl", "start", "sendwarden@second")
    require(machine.service("ActiveState", "sendwarden@second") == "active", "not active")
    require(machine.entries("SENDWARDEN_WORKSPACE=second", "SENDWARDEN_EVENT=daemon.ready"), "not ready")
    users = machine.sh("stat -c %u /run/sendwarden/control.sock /run/sendwarden@second/control.sock").stdout.split()
    require(users[0] != users[1], "one user for both")
    machine.run("systemctl", "reload", "sendwarden@second")
    machine.run("systemctl", "stop", "sendwarden@second")
    require(metric(machine, "sendwarden_enforcing 1"), "the other one is disturbed")


CHECKS = [starts_and_is_ready, a_reload_takes_effect, a_bad_reload_fails, entries_are_complete, the_status_is_shown,
          orders_name_their_giver, the_doctor_finds_it_well,
          the_watchdog_ends_a_hang, a_kill_is_survived, journald_restarts, a_stopped_journald_stops_nothing,
          it_is_confined, the_key_is_nowhere,
          keys_can_be_sealed, instances_are_separate, a_full_disk_stops_no_pause, the_clock_is_stepped, a_reboot_is_survived]
