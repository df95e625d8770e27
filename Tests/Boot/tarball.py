"""The tarball: installation below a prefix, upgrade, removal."""
import first_steps
from machine import require

PREFIX = "/opt/sendwarden"
POLICY = "/etc/sendwarden/policy.yaml"


def install(machine, *options, check=True):
    return machine.sh(f"/root/unpacked/install {' '.join(options)}", check=check)


def refuses_what_cannot_work(machine):
    """install refuses prefixes that the service could not use"""
    machine.sh("mkdir /root/unpacked && tar -xzf /root/sendwarden.tar.gz -C /root/unpacked --strip-components=1")
    for prefix in ("relative", "/home/me", "/opt/with space", "/opt/../tmp"):
        outcome = install(machine, f"--prefix '{prefix}'", check=False)
        require(outcome.returncode == 64 and f"--prefix {prefix}:" in outcome.stderr, outcome.stderr)
    require(machine.sh("find /opt /etc/sendwarden -mindepth 1", check=False).stdout == "", "it left something")


def installs(machine):
    """install creates what the service needs, and can be repeated"""
    first = install(machine, "--prefix", PREFIX).stdout
    for text in (f"in {PREFIX}", "added group sendwarden", f"wrote {POLICY}", f"next: {PREFIX}/bin/sendwarden init"):
        require(text in first, first)
    tree = "find /opt/sendwarden /etc/sendwarden /etc/systemd/system /usr/local -type f -newermt '@%s' | sort"
    machine.sh("sleep 1")
    now = machine.sh("date +%s").stdout.strip()
    again = install(machine, "--prefix", PREFIX).stdout
    changed = set(machine.sh(tree % now).stdout.split()) - {f"{PREFIX}/lib/sendwarden/manifest", POLICY}
    require(not changed, f"the second run changed {changed}")
    require("added group" not in again, again)
    other = install(machine, "--prefix", "/usr/local", check=False)
    require(other.returncode == 73 and f"{PREFIX}/lib/sendwarden/uninstall" in other.stderr, other.stderr)
    machine.sh(f"systemd-analyze verify --man=no sendwarden.service && grep -q 'ExecStart={PREFIX}/bin/sendwarden run' "
               "/etc/systemd/system/sendwarden.service")
    machine.sh(f"bash -n {PREFIX}/share/bash-completion/completions/sendwarden")
    machine.sh(f"grep -q \"complete -c 'sendwarden'\" {PREFIX}/share/fish/vendor_completions.d/sendwarden.fish")
    machine.sh(f"test -s {PREFIX}/share/man/man1/sendwarden.1 && test -s {PREFIX}/share/man/man5/sendwarden-policy.5")
    machine.sh(f"ln -s {PREFIX}/bin/sendwarden /usr/bin/sendwarden")


def an_upgrade_keeps_an_edited_policy(machine):
    """an upgrade restarts the service and leaves an edited policy"""
    machine.sh(f"echo '# edited' >>{POLICY}")
    before = machine.service("MainPID")
    require("restarted the running service" in install(machine, "--prefix", PREFIX).stdout, "not restarted")
    require(machine.service("MainPID") not in (before, "0"), "the same process")
    machine.sh(f"grep -q '# edited' {POLICY}")


def uninstall_keeps_data(machine):
    """uninstall keeps policy, key and ledger; --purge deletes them"""
    outcome = machine.sh(f"{PREFIX}/lib/sendwarden/uninstall").stdout
    require("kept /etc/sendwarden" in outcome, outcome)
    machine.sh(f"test -s {POLICY} && test -s /etc/credstore/leadterra.key && "
               "test -s /var/lib/private/sendwarden/ledger.sqlite")
    left = machine.sh(f"find {PREFIX} /etc/systemd/system/sendwarden* /usr/local -name '*sendwarden*'", check=False)
    require(left.stdout == "", left.stdout)
    require(machine.service("MainPID") == "0", "it still runs")
    # A new installation continues with them.
    require(f"left {POLICY} as it is" in install(machine, "--prefix", PREFIX).stdout, "the policy was replaced")
    machine.sh("systemctl start sendwarden")
    require("watching 2 campaigns" in machine.service("StatusText"), machine.service("StatusText"))
    machine.sh("/root/unpacked/uninstall --prefix /opt/sendwarden --purge")
    left = machine.sh(f"ls -d {PREFIX} /etc/sendwarden /var/lib/private/sendwarden /etc/credstore/leadterra.key; "
                      "getent group sendwarden", check=False)
    require(left.stdout == "", left.stdout)


def the_default_prefix_works(machine):
    """below the default prefix the service starts too, and nothing of it is left in the end"""
    machine.sh("ln -sf /usr/local/bin/sendwarden /usr/bin/sendwarden")
    before = machine.sh("find /usr/local | sort").stdout
    require("next: /usr/local/bin/sendwarden init" in install(machine).stdout, "the next command")
    first_steps.init_starts_the_service(machine)
    machine.sh("/usr/local/lib/sendwarden/uninstall --purge")
    left = set(machine.sh("find /usr/local -type f").stdout.split()) - set(before.split())
    require(not left, f"left: {left}")


CHECKS = [refuses_what_cannot_work, installs, first_steps.init_starts_the_service, an_upgrade_keeps_an_edited_policy,
          uninstall_keeps_data, the_default_prefix_works]
