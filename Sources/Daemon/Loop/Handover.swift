import Synchronization

/// Holds a value until its one user takes it.
///
/// For values that must not be copied: an async function retains its local variables until it ends, and with a second
/// copy of the guard alive, the first samples would duplicate all its windows.
package final class Handover<Value: Sendable>: Sendable {
    private let value: Mutex<Value?>

    package init(_ value: Value) { self.value = Mutex(value) }

    /// The value; nil if it was taken before.
    func take() -> Value? { value.withLock { $0.take() } }

    /// Reads the value without taking it; nil if it was taken.
    package func peek<Result: Sendable>(_ body: (Value) -> Result) -> Result? { value.withLock { $0.map(body) } }
}
