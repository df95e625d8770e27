"""The package: installation, upgrade, removal."""
from machine import require, wait


def installs(machine):
    """apt installs the package, which does not start the service"""
    machine.sh("DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends /root/sendwarden.deb")
    require(machine.service("ActiveState") == "inactive", "the service was started")
    require(machine.sh("dpkg --verify sendwarden").stdout == "", "a file differs from the package")
    machine.sh("sendwarden check /etc/sendwarden/policy.yaml")
    machine.sh("getent group sendwarden")
    for page in ("man1/sendwarden.1.gz", "man5/sendwarden-policy.5.gz"):
        machine.sh(f"test -s /usr/share/man/{page}")
    machine.sh("bash -n /usr/share/bash-completion/completions/sendwarden")
    return machine.sh("du -h /usr/bin/sendwarden | cut -f 1").stdout.strip() + " installed"


def without_a_key_it_fails_once(machine):
    """without a key the service fails once, reports what is missing, and is not restarted"""
    require(machine.run("systemctl", "enable", "--now", "sendwarden", check=False).returncode != 0, "it started")
    require(machine.service("ExecMainStatus") == "78", "the exit status is not 78")
    machine.sh("sleep 7")
    require(machine.service("NRestarts") == "0", "it was restarted")
    message = machine.entries("SENDWARDEN_EVENT=policy.refused")[-1]["MESSAGE"]
    require("/etc/credstore/leadterra.key" in message, message)


def an_unreadable_policy_is_reported(machine):
    """with an unreadable policy the service exits with 77"""
    machine.sh("chmod 0600 /etc/sendwarden/policy.yaml")
    machine.run("systemctl", "restart", "sendwarden", check=False)
    status, message = machine.service("ExecMainStatus"), machine.entries("SENDWARDEN_EVENT=policy.refused")[-1]["MESSAGE"]
    machine.sh("chmod 0644 /etc/sendwarden/policy.yaml")
    require(status == "77" and "permission denied" in message, f"{status}: {message}")


def an_upgrade_restarts_what_runs(machine):
    """an upgrade restarts the running service and retains its state and an edited policy"""
    before = machine.service("MainPID")
    machine.sh("DEBIAN_FRONTEND=noninteractive dpkg --force-confold --install /root/sendwarden.deb")
    wait("the restart", 20, lambda: machine.service("MainPID") not in (before, "0"))
    wait("the service", 20, lambda: machine.service("ActiveState") == "active")
    machine.sh("grep -q 'name: boot' /etc/sendwarden/policy.yaml")
    require("sendwarden_campaigns{state=\"paused\"} 1" in machine.run("sendwarden", "metrics").stdout,
            "the pause was forgotten")


def removal_keeps_purge_forgets(machine):
    """removal stops the service and retains policy and ledger; purge removes both"""
    machine.sh("DEBIAN_FRONTEND=noninteractive apt-get remove --yes sendwarden")
    require(machine.sh("pgrep -x sendwarden -f 'sendwarden run'", check=False).stdout == "", "it still runs")
    machine.sh("test -s /etc/sendwarden/policy.yaml && test -s /var/lib/private/sendwarden/ledger.sqlite")
    machine.sh("DEBIAN_FRONTEND=noninteractive apt-get purge --yes sendwarden")
    # Files that the administrator added are not removed.
    left = machine.sh("ls -d /etc/sendwarden/policy.yaml /var/lib/sendwarden /var/lib/private/sendwarden /run/sendwarden "
                      "/usr/lib/sendwarden /etc/systemd/system/multi-user.target.wants/sendwarden.service", check=False)
    require(left.stdout == "", left.stdout)


CHECKS = [installs, without_a_key_it_fails_once, an_unreadable_policy_is_reported]
LAST = [an_upgrade_restarts_what_runs, removal_keeps_purge_forgets]
