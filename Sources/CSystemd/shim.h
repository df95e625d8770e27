// What Sendwarden uses of libsystemd: native journal entries and service notifications; and two calls that Swift
// cannot see: one of the kernel's, as C declares it with variable arguments, and one of glibc's allocator.
#include <malloc.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>

// Keeps the process out of core dumps and away from other processes' debuggers; 0 where that worked.
static inline int sendwarden_forbid_dumps(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

// Gives what is free of the heap back to the system.
static inline void sendwarden_trim_heap(void) { malloc_trim(0); }
