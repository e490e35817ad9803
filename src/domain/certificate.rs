//! What is wrong with a server's TLS certificate.
//!
//! "Did not answer" sends people to look at the network and the key. A certificate is mended by
//! others: by whoever runs the server, or by whoever runs this machine and its root certificates.
//!
//! What this module must not do: name the server, or show anything of its certificate.

use std::error::Error;
use std::io;

use rustls::CertificateError;

use crate::text_enum;
use crate::texts::{Text, text};

text_enum! {
    /// What is wrong with a certificate, in the words of logs.
    Fault {
        /// Its time is over.
        Expired = "it has expired",
        /// Its time has not come.
        NotValidYet = "it is not valid yet",
        /// It names another server.
        OtherName = "it is for another name",
        /// Nobody whom we trust has signed it.
        UnknownIssuer = "its issuer is not known",
        /// Its issuer has taken it back.
        Revoked = "it was revoked",
        /// Anything else.
        NotVerified = "it cannot be verified",
    }
}

impl Fault {
    /// What the admin reads, inside a sentence.
    #[must_use]
    pub fn text(self) -> Text {
        match self {
            Self::Expired => text("rules-certificate-expired"),
            Self::NotValidYet => text("rules-certificate-not-valid-yet"),
            Self::OtherName => text("rules-certificate-other-name"),
            Self::UnknownIssuer => text("rules-certificate-unknown-issuer"),
            Self::Revoked => text("rules-certificate-revoked"),
            Self::NotVerified => text("rules-certificate-not-verified"),
        }
    }
}

/// What is wrong with the certificate, when that is the cause of an error.
#[must_use]
pub fn fault_in(error: &(dyn Error + 'static)) -> Option<Fault> {
    let rustls::Error::InvalidCertificate(problem) = cause(error)? else { return None };
    Some(match problem {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Fault::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            Fault::NotValidYet
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Fault::OtherName
        }
        CertificateError::UnknownIssuer => Fault::UnknownIssuer,
        CertificateError::Revoked => Fault::Revoked,
        _ => Fault::NotVerified,
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
pub fn detail(fault: Fault) -> String {
    format!("{DETAIL}{fault}")
}

/// The fault in what was kept of a failed sync.
#[must_use]
pub fn of_detail(detail: Option<&str>) -> Option<Fault> {
    detail?.strip_prefix(DETAIL).and_then(Fault::parse)
}

const DETAIL: &str = "TLS certificate: ";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::Language;

    #[test]
    fn the_fault_is_found_however_deep_it_is() {
        let error = rustls::Error::InvalidCertificate(CertificateError::Expired);
        assert_eq!(fault_in(&error), Some(Fault::Expired));
        let wrapped = io::Error::new(io::ErrorKind::InvalidData, error);
        let twice = io::Error::other(wrapped);
        assert_eq!(fault_in(&twice), Some(Fault::Expired));
        assert_eq!(fault_in(&io::Error::other("x")), None);
        assert_eq!(fault_in(&rustls::Error::DecryptError), None);
        for fault in Fault::ALL {
            assert_eq!(of_detail(Some(&detail(*fault))), Some(*fault));
            assert_eq!(fault.text().in_language(Language::English), fault.as_str());
        }
        assert_eq!(of_detail(Some("Get All Employee Detail")), None);
    }
}
