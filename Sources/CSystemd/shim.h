// The parts of libsystemd that Sendwarden uses (journal entries and service notifications), and two C functions that
// Swift's Glibc module lacks: prctl(2), which has variable arguments, and malloc_trim(3).
#include <malloc.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>

// Disables core dumps and debuggers; 0 on success.
static inline int sendwarden_forbid_dumps(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

// Returns free heap memory to the system.
static inline void sendwarden_trim_heap(void) { malloc_trim(0); }
