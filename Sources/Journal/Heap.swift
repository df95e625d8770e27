import CSystemd

/// The process's heap.
package enum Heap {
    /// Returns free memory to the system, after a temporary peak.
    package static func trim() { sendwarden_trim_heap() }
}
