import Glibc

/// Starts detached threads, which end with their body and block all signals.
///
/// They do work that nothing waits for, such as writing to a disk. A thread that wakes up does not take the processor
/// from a running thread, because that may be the one that sends a pause.
package enum WorkThread {
    /// From Linux's `sched.h`.
    private static let batchPolicy: Int32 = 3

    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Names the calling thread; without /proc, it keeps its name.
    private static func rename(_ name: String) {
        let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        defer { close(file) }
        _ = Array(name.utf8.prefix(15)).withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
    }

    /// - Parameter name: shown by `top -H` and `ps -L`; at most 15 bytes, longer names are cut.
    package static func start(_ name: String, _ body: @escaping @Sendable () -> Void) {
        let run: @Sendable () -> Void = {
            rename(name)
            var parameters = sched_param()
            // On Linux, 0 is this thread. Where the service's sandbox refuses this, it costs speed only.
            _ = sched_setscheduler(0, batchPolicy, &parameters)
            body()
        }
        var thread = pthread_t()
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        var (all, before) = (sigset_t(), sigset_t())
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        let code = pthread_create(
            &thread, &attributes,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, Unmanaged.passRetained(Body(run)).toOpaque())
        precondition(code == 0, "cannot create a thread: \(String(cString: strerror(code)))")
    }
}

/// A counting semaphore; ``signal()`` never blocks.
package final class Semaphore: Sendable {
    // POSIX semaphores can be shared between threads, but must not move in memory.
    nonisolated(unsafe) private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    package init() { sem_init(semaphore, 0, 0) }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    package func signal() { sem_post(semaphore) }

    package func wait() { while sem_wait(semaphore) != 0, errno == EINTR {} }
}
