package import NIOCore

/// Runs tasks on the thread of an event loop, so that a response needs no other thread until it is handled.
///
/// The tasks must not block: connections wait meanwhile.
package final class EventLoopTaskExecutor: TaskExecutor {
    private let loop: any EventLoop

    package init(_ loop: any EventLoop) { self.loop = loop }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
