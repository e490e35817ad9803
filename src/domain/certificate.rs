//! What is wrong with a server's TLS certificate, in words.
//!
//! "Did not answer" sends people to look at the network and the key. A certificate is mended by
//! others: by whoever runs the server, or by whoever runs this machine and its root certificates.
//!
//! What this module must not do: name the server, or show anything of its certificate.

use std::error::Error;
use std::io;

use rustls::CertificateError;

/// What is wrong with the certificate, when that is the cause of an error.
#[must_use]
pub fn fault_in(error: &(dyn Error + 'static)) -> Option<&'static str> {
    let rustls::Error::InvalidCertificate(problem) = cause(error)? else { return None };
    Some(match problem {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it is for another name"
        }
        CertificateError::UnknownIssuer => "its issuer is not known",
        CertificateError::Revoked => "it was revoked",
        _ => "it cannot be verified",
    })
}

/// The first cause of this type behind an error, or the error itself.
#[must_use]
pub fn cause<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        // An I/O error tells the cause of what it carries, but not what it carries.
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

/// What is kept of a failed sync whose cause is a certificate.
#[must_use]
pub fn detail(fault: &str) -> String {
    format!("{DETAIL}{fault}")
}

/// The fault in what was kept of a failed sync.
#[must_use]
pub fn of_detail(detail: Option<&str>) -> Option<&str> {
    detail?.strip_prefix(DETAIL)
}

const DETAIL: &str = "TLS certificate: ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fault_is_found_however_deep_it_is() {
        let error = rustls::Error::InvalidCertificate(CertificateError::Expired);
        assert_eq!(fault_in(&error), Some("it has expired"));
        let wrapped = io::Error::new(io::ErrorKind::InvalidData, error);
        let twice = io::Error::other(wrapped);
        assert_eq!(fault_in(&twice), Some("it has expired"));
        assert_eq!(fault_in(&io::Error::other("x")), None);
        assert_eq!(fault_in(&rustls::Error::DecryptError), None);
        assert_eq!(of_detail(Some(&detail("it has expired"))), Some("it has expired"));
        assert_eq!(of_detail(Some("Get All Employee Detail")), None);
    }
}
