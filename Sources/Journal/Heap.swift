import CSystemd

/// The process's heap.
package enum Heap {
    /// Gives what is free back to the system; worth it after much was read once.
    package static func trim() { sendwarden_trim_heap() }
}
