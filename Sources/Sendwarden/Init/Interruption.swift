import ArgumentParser
import Dispatch
import Glibc
import Journal
import Synchronization

/// Makes Ctrl-C and SIGTERM end the program with the terminal restored and no file half-written.
final class Interruption: Sendable {
    private struct State {
        /// The terminal's settings while its input is hidden.
        var hidden: termios?
        var isWritten = false
    }

    private let state = Mutex(State())

    init() {
        for number in [SIGINT, SIGTERM, SIGHUP] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            // The handler keeps its source until the program ends.
            source.setEventHandler { [self] in withExtendedLifetime(source) { end(number) } }
            source.resume()
        }
    }

    /// Runs the body; an interruption waits until it has ended.
    func undisturbed(_ body: () throws -> Void) rethrows {
        try state.withLock { state in
            try body()
            state.isWritten = true
        }
    }

    /// Reads with the terminal's echo off.
    func hidingInput<Value>(_ read: () -> Value) -> Value {
        state.withLock { state in
            var settings = termios()
            guard tcgetattr(STDIN_FILENO, &settings) == 0 else { return }
            state.hidden = settings
            settings.c_lflag &= ~tcflag_t(ECHO)
            tcsetattr(STDIN_FILENO, TCSANOW, &settings)
        }
        defer { state.withLock { Interruption.show(&$0) } }
        return read()
    }

    private static func show(_ state: inout State) {
        guard var settings = state.hidden else { return }
        tcsetattr(STDIN_FILENO, TCSANOW, &settings)
        state.hidden = nil
    }

    private func end(_ number: Int32) {
        state.withLock { state in
            Interruption.show(&state)
            StandardError.write(state.isWritten ? "\nstopped" : "\nstopped; nothing was written")
            _exit(128 + number)
        }
    }
}
