import AsyncHTTPClient
import Glibc
package import Model
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Turns transport errors into faults; their summaries contain no addresses and no text from the platform.
package enum TransportFault {
    package static func fault(_ error: any Error, bodyBytesMax: Int = 1 << 20) -> Fault {
        switch error {
        case let error as HTTPClientError: return client(error)
        case is ResponseAccumulator.ResponseTooBigError:
            return Fault(.unexpected, "response is larger than \(bodyBytesMax >> 20) MiB")
        case is CancellationError: return Fault(.unreachable, "request cancelled")
        case let error as NIOConnectionError:
            let isDNS = error.dnsAError != nil || error.dnsAAAAError != nil
            if isDNS, error.connectionErrors.isEmpty {
                return Fault(.unreachable, "host name cannot be resolved", mayHaveTakenEffect: false)
            }
            return Fault(.unreachable, "connection failed", mayHaveTakenEffect: false)
        case let error as IOError: return system(error.errnoCode)
        case let error as NIOSSLError:
            switch error {
            case .handshakeFailed, .unableToValidateCertificate, .noCertificateToValidate:
                return Fault(
                    .unreachable, "TLS handshake failed: the server's certificate is not trusted",
                    mayHaveTakenEffect: false)
            default: return Fault(.unreachable, "TLS error")
            }
        case is NIOSSLExtraError:
            return Fault(
                .unreachable, "TLS handshake failed: the server's certificate is for another host",
                mayHaveTakenEffect: false)
        case let error as HTTPParserError:
            return error == .invalidEOFState
                ? Fault(.unreachable, "connection closed unexpectedly") : Fault(.unexpected, "response is not HTTP")
        default: return Fault(.unreachable, "request failed (\(String(describing: type(of: error))))")
        }
    }

    private static func system(_ code: Int32) -> Fault {
        switch code {
        case ECONNREFUSED: Fault(.unreachable, "connection refused", mayHaveTakenEffect: false)
        case ECONNRESET, EPIPE: Fault(.unreachable, "connection closed unexpectedly")
        default: Fault(.unreachable, "network error \(code): \(String(cString: strerror(code)))")
        }
    }

    private static func client(_ error: HTTPClientError) -> Fault {
        switch error {
        case .connectTimeout, .getConnectionFromPoolTimeout:
            Fault(.unreachable, "connection timed out", mayHaveTakenEffect: false)
        case .tlsHandshakeTimeout: Fault(.unreachable, "TLS handshake timed out", mayHaveTakenEffect: false)
        case .readTimeout, .deadlineExceeded: Fault(.unreachable, "request timed out")
        case .remoteConnectionClosed: Fault(.unreachable, "connection closed unexpectedly")
        case .cancelled: Fault(.unreachable, "request cancelled")
        default: Fault(.unreachable, "request failed (\(error.shortDescription))")
        }
    }
}
