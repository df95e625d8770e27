import Foundation
import Synchronization
import Testing

/// Runs the built program as a user would.
struct Program {
    struct Outcome {
        var code: Int32
        var stdout: String
        var stderr: String
    }

    /// The build puts every product beside the test bundle.
    static let path: String = {
        let folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        return folder.appending(path: "sendwarden").path
    }()

    static func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Outcome {
        let program = try RunningProgram(arguments, environment: environment)
        return program.waitUntilExit()
    }
}

/// A running program whose output is collected.
final class RunningProgram: Sendable {
    private let process: Mutex<Process>
    private let texts = Mutex((stdout: Data(), stderr: Data()))
    private let readers = DispatchGroup()
    let pid: Int32

    /// - Parameters:
    ///   - shell: shell commands to run first, in the same process.
    ///   - errors: a descriptor for stderr, which is then not collected.
    ///   - input: stdin; by default it is empty.
    init(
        _ arguments: [String], environment: [String: String] = [:], shell: String? = nil, errors: Int32? = nil,
        input: Pipe? = nil
    ) throws {
        let process = Process()
        process.executableURL = URL(filePath: shell == nil ? Program.path : "/bin/sh")
        process.arguments = shell.map { ["-c", $0 + " \"$0\" \"$@\"", Program.path] + arguments } ?? arguments
        var variables = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("NOTIFY") }
        // Not the folders of whoever runs the tests.
        let home = NSTemporaryDirectory() + "/sendwarden-test-home-\(ProcessInfo.processInfo.processIdentifier)"
        variables.merge(["XDG_STATE_HOME": home, "XDG_RUNTIME_DIR": home, "XDG_CONFIG_HOME": home]) { _, ours in ours }
        variables.merge(environment) { _, new in new }
        process.environment = variables
        let (stdout, stderr) = (Pipe(), Pipe())
        process.standardOutput = stdout
        if let errors {
            process.standardError = FileHandle(fileDescriptor: errors, closeOnDealloc: false)
        } else {
            process.standardError = stderr
        }
        process.standardInput = input ?? FileHandle.nullDevice
        try process.run()
        pid = process.processIdentifier
        self.process = Mutex(process)
        read(stdout) { [self] data in
            texts.withLock { $0.stdout.append(data) }
        }
        guard errors == nil else { return }
        read(stderr) { [self] data in
            texts.withLock { $0.stderr.append(data) }
        }
    }

    private func read(_ pipe: Pipe, _ take: @escaping @Sendable (Data) -> Void) {
        DispatchQueue.global().async(group: readers) {
            while true {
                let data = pipe.fileHandleForReading.availableData
                if data.isEmpty { break }
                take(data)
            }
        }
    }

    var stdout: String { texts.withLock { String(decoding: $0.stdout, as: UTF8.self) } }
    var stderr: String { texts.withLock { String(decoding: $0.stderr, as: UTF8.self) } }

    func signal(_ signal: Int32) { kill(pid, signal) }

    func waitUntilExit() -> Program.Outcome {
        readers.wait()
        let code = process.withLock { process in
            process.waitUntilExit()
            return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
        }
        return Program.Outcome(code: code, stdout: stdout, stderr: stderr)
    }

    /// Waits up to a minute until the condition holds.
    func wait(until condition: () -> Bool) -> Bool {
        for _ in 0..<6000 {
            if condition() { return true }
            usleep(10_000)
        }
        return condition()
    }
}

/// The simulator as a separate process.
struct SimulatorProcess {
    let program: RunningProgram
    let url: String

    init(world: String, speed: Int) throws {
        program = try RunningProgram(["simulate", "--world", world, "--speed", "\(speed)"])
        let isUp = program.wait { [program] in program.stdout.contains("\n") }
        url = String(program.stdout.prefix { $0 != "\n" })
        if !isUp { end() }
        try #require(isUp)
        #expect(url.hasPrefix("http://127.0.0.1:"))
    }

    func end() {
        program.signal(SIGKILL)
        _ = program.waitUntilExit()
    }
}
