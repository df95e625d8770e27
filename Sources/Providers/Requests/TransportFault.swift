import AsyncHTTPClient
import Model
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Puts into words why a request brought no answer, without addresses and without anything from the wire.
enum TransportFault {
    static func fault(_ error: any Error, bodyBytesMax: Int = 1 << 20) -> Fault {
        switch error {
        case let error as HTTPClientError: return client(error)
        case is NIOTooManyBytesError: return Fault(.unexpected, "the answer is larger than \(bodyBytesMax >> 20) MiB")
        case is CancellationError: return Fault(.unreachable, "cancelled")
        case let error as NIOConnectionError:
            let isDNS = error.dnsAError != nil || error.dnsAAAAError != nil
            if isDNS, error.connectionErrors.isEmpty {
                return Fault(.unreachable, "the host name cannot be resolved", mayHaveTakenEffect: false)
            }
            return Fault(.unreachable, "no connection", mayHaveTakenEffect: false)
        case let error as IOError:
            switch error.errnoCode {
            case 111: return Fault(.unreachable, "connection refused", mayHaveTakenEffect: false)
            case 104, 32: return Fault(.unreachable, "the connection was cut")
            default: return Fault(.unreachable, "network error \(error.errnoCode)")
            }
        case let error as NIOSSLError:
            switch error {
            case .handshakeFailed, .unableToValidateCertificate, .noCertificateToValidate:
                return Fault(
                    .unreachable, "TLS failed: the server's certificate is not trusted", mayHaveTakenEffect: false)
            default: return Fault(.unreachable, "TLS failed")
            }
        case is NIOSSLExtraError:
            return Fault(.unreachable, "TLS failed: the certificate is for another host", mayHaveTakenEffect: false)
        case let error as HTTPParserError:
            return error == .invalidEOFState
                ? Fault(.unreachable, "the connection was cut") : Fault(.unexpected, "the answer is not HTTP")
        default: return Fault(.unreachable, "the request failed (\(String(describing: type(of: error))))")
        }
    }

    private static func client(_ error: HTTPClientError) -> Fault {
        switch error {
        case .connectTimeout, .getConnectionFromPoolTimeout:
            Fault(.unreachable, "no connection in time", mayHaveTakenEffect: false)
        case .tlsHandshakeTimeout: Fault(.unreachable, "no TLS connection in time", mayHaveTakenEffect: false)
        case .readTimeout, .deadlineExceeded: Fault(.unreachable, "no answer in time")
        case .remoteConnectionClosed: Fault(.unreachable, "the connection was cut")
        case .cancelled: Fault(.unreachable, "cancelled")
        default: Fault(.unreachable, "the request failed (\(error.shortDescription))")
        }
    }
}
