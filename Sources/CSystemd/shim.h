// What Sendwarden uses of libsystemd: native journal entries and service notifications; and one call of the
// kernel's that Swift cannot see because C declares it with variable arguments.
#include <sys/prctl.h>
#include <sys/uio.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>

// Keeps the process out of core dumps and away from other processes' debuggers; 0 where that worked.
static inline int sendwarden_forbid_dumps(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }
