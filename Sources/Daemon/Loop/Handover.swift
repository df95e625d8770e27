import Synchronization

/// Holds a value until its one user takes it.
///
/// A guard is passed on in one: an asynchronous function retains its local variables until it ends, and a second copy of a
/// guard doubles the memory of all its windows with the first samples.
package final class Handover<Value: Sendable>: Sendable {
    private let value: Mutex<Value?>

    package init(_ value: Value) { self.value = Mutex(value) }

    /// The value; nil if it was taken before.
    func take() -> Value? { value.withLock { $0.take() } }

    /// Reads the value without taking it; nil if it was taken.
    func peek<Result: Sendable>(_ body: (Value) -> Result) -> Result? { value.withLock { $0.map(body) } }
}
