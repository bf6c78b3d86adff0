//! What went wrong with a call to AWS: one error type whose kind says what the caller may conclude
//! (denied, not there, not offered, region off, ...) and which IAM action would have been needed.

use std::fmt;

use crate::actions::iam_action;

/// Why a call failed, as far as a caller must tell cases apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ErrorKind {
    /// The credentials lack a permission; [`ApiError::missing_action`] names it.
    AccessDenied,
    /// Still throttled after all attempts.
    Throttled,
    /// The thing asked for does not exist (also "no such configuration", such as `NoSuchBucketPolicy`).
    NotFound,
    /// The endpoint does not know the operation (HTTP 501 and emulators' words for it). Never retried.
    NotImplemented,
    /// The region is not enabled for the account.
    RegionDisabled,
    /// The service has no endpoint in the region, though others of the region answer.
    NotOffered,
    /// The session token or its credentials ran out, also after one refresh.
    ExpiredCredentials,
    /// AWS does not know the access key, or the signature is wrong.
    InvalidCredentials,
    /// No credentials were found, or the provider of credentials failed.
    NoCredentials,
    /// No answer in the time allowed.
    Timeout,
    /// No connection, or it broke.
    Connection,
    /// The answer could not be read: not the JSON or XML that the operation's model describes.
    Malformed,
    /// The answer is larger than the limit on one response.
    TooLarge,
    /// The service gave the same page token twice; going on would never end.
    RepeatedPage,
    /// The call is not in the embedded shapes or its input does not fit them.
    InvalidInput,
    /// AWS answered with a 5xx error, also after all attempts.
    Server,
    /// Any other error of the service: see `code`.
    Service,
}

impl ErrorKind {
    /// A stable word for machines: `access-denied`, `not-found`, ...
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccessDenied => "access-denied",
            Self::Throttled => "throttled",
            Self::NotFound => "not-found",
            Self::NotImplemented => "not-implemented",
            Self::RegionDisabled => "region-disabled",
            Self::NotOffered => "not-offered",
            Self::ExpiredCredentials => "expired-credentials",
            Self::InvalidCredentials => "invalid-credentials",
            Self::NoCredentials => "no-credentials",
            Self::Timeout => "timeout",
            Self::Connection => "connection",
            Self::Malformed => "malformed",
            Self::TooLarge => "too-large",
            Self::RepeatedPage => "repeated-page",
            Self::InvalidInput => "invalid-input",
            Self::Server => "server",
            Self::Service => "service",
        }
    }
}

/// A failed call: what, where, and AWS's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// What the caller may conclude.
    pub kind: ErrorKind,
    /// The HTTP status, when there was an answer.
    pub status: Option<u16>,
    /// AWS's error code, such as `AccessDenied`; empty when AWS gave none.
    pub code: Box<str>,
    /// AWS's message, or ours when AWS did not answer.
    pub message: Box<str>,
    /// The service as the shapes name it: `ec2`, `elbv2`, `s3control`.
    pub service: Box<str>,
    /// The operation, such as `DescribeInstances`.
    pub operation: Box<str>,
    /// The region asked, as the caller gave it.
    pub region: Box<str>,
    /// AWS's id of the request, for a support case.
    pub request_id: Option<Box<str>>,
}

impl ApiError {
    /// An error without an answer from AWS.
    pub fn new(kind: ErrorKind, service: &str, region: &str, operation: &str, message: impl Into<String>) -> Self {
        Self {
            kind,
            status: None,
            code: "".into(),
            message: message.into().into_boxed_str(),
            service: service.into(),
            operation: operation.into(),
            region: region.into(),
            request_id: None,
        }
    }

    /// The same error with AWS's code.
    #[must_use]
    pub fn with_code(mut self, code: &str) -> Self {
        self.code = code.into();
        self
    }

    /// The IAM action whose absence made AWS deny the call, such as `s3:GetEncryptionConfiguration`.
    ///
    /// AWS's message names it in most services; otherwise it follows from the operation.
    pub fn missing_action(&self) -> Option<String> {
        if self.kind != ErrorKind::AccessDenied {
            return None;
        }
        Some(action_in(&self.message).map_or_else(|| iam_action(&self.service, &self.operation), str::to_owned))
    }

    /// True for errors that say nothing about the resource itself, only that this try did not work.
    pub fn is_transient(&self) -> bool {
        matches!(self.kind, ErrorKind::Throttled | ErrorKind::Timeout | ErrorKind::Connection | ErrorKind::Server)
    }
}

/// Finds `service:Action` in "... is not authorized to perform: service:Action on resource ...".
fn action_in(message: &str) -> Option<&str> {
    let rest = message.split_once("not authorized to perform")?.1;
    let word = rest.trim_start_matches([':', ' ']).split([' ', ',', '.']).next()?;
    let (prefix, action) = word.split_once(':')?;
    let sound = |s: &str, extra: char| !s.is_empty() && s.chars().all(|c| c.is_ascii_alphanumeric() || c == extra);
    (sound(prefix, '-') && sound(action, '_')).then_some(word)
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.service, self.operation)?;
        if !self.region.is_empty() {
            write!(f, " in {}", self.region)?;
        }
        write!(f, ": {}", self.kind.as_str())?;
        match (self.status, self.code.is_empty()) {
            (Some(status), false) => write!(f, " (HTTP {status}, {})", self.code)?,
            (Some(status), true) => write!(f, " (HTTP {status})")?,
            (None, false) => write!(f, " ({})", self.code)?,
            (None, true) => {}
        }
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        if let Some(action) = self.missing_action() {
            write!(f, "; allow {action} to the role or user that Haechi uses")?;
        }
        Ok(())
    }
}

impl std::error::Error for ApiError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_missing_action_comes_from_the_message_or_the_operation() {
        let check = |service: &str, operation: &str, message: &str, want: &str| {
            let error = ApiError::new(ErrorKind::AccessDenied, service, "us-east-1", operation, message);
            assert_eq!(error.missing_action().as_deref(), Some(want), "{message}");
        };
        check(
            "ec2",
            "DescribeInstances",
            "User: arn:aws:iam::1:user/a is not authorized to perform: ec2:DescribeInstances with an explicit deny",
            "ec2:DescribeInstances",
        );
        check("s3", "GetBucketEncryption", "Access Denied", "s3:GetEncryptionConfiguration");
        check("s3", "ListBuckets", "is not authorized to perform: on", "s3:ListAllMyBuckets");
    }

    #[test]
    fn only_a_denial_has_a_missing_action() {
        let error = ApiError::new(ErrorKind::NotFound, "s3", "", "GetBucketPolicy", "none");
        assert_eq!(error.missing_action(), None);
        assert_eq!(error.to_string(), "s3 GetBucketPolicy: not-found: none");
    }
}
