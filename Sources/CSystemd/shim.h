// What Sendwarden uses of libsystemd: native journal entries and service notifications.
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>
#include <sys/uio.h>
