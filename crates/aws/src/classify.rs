//! From an error answer to what the caller may conclude: codes differ by service, kinds do not.

use std::time::Duration;

use http::HeaderMap;

use crate::endpoint::Partition;
use crate::error::ErrorKind;

const DENIED: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "AccessDeniedForDependencyException",
    "AllAccessDisabled",
    "AuthorizationError",
    "AuthorizationErrorException",
    "NotAuthorized",
    "UnauthorizedAccess",
    "UnauthorizedAccessException",
    "UnauthorizedException",
    "UnauthorizedOperation",
];
const THROTTLED: &[&str] = &[
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
];
const EXPIRED: &[&str] = &["ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"];
/// A region that is not enabled does not know the account's keys, and says only that.
const UNKNOWN_KEYS: &[&str] =
    &["AuthFailure", "InvalidAccessKeyId", "InvalidClientTokenId", "InvalidToken", "UnrecognizedClientException"];
const BAD_KEYS: &[&str] = &[
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "SignatureDoesNotMatch",
];
const REGION_OFF: &[&str] = &["OptInRequired", "RegionDisabledException"];
const UNKNOWN_OPERATION: &[&str] = &[
    "InvalidAction",
    "NotImplemented",
    "NotImplementedError",
    "NotYetImplemented",
    "UnknownOperation",
    "UnknownOperationException",
];
const TIMED_OUT: &[&str] = &[
    "RequestTimeout",
    "RequestTimeoutException",
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "ServiceUnavailable",
    "ServiceUnavailableException",
];

/// The kind of an error answer.
pub(crate) fn kind(status: u16, code: &str, message: &str, region: &str) -> ErrorKind {
    // EC2 and others also write `Client.Code`.
    let code = code.strip_prefix("Client.").or_else(|| code.strip_prefix("Server.")).unwrap_or(code);
    let is = |list: &[&str]| list.contains(&code);
    if is(UNKNOWN_OPERATION) || status == 501 || says_not_implemented(message) {
        return ErrorKind::NotImplemented;
    }
    if is(THROTTLED) || status == 429 {
        return ErrorKind::Throttled;
    }
    if is(EXPIRED) {
        return ErrorKind::ExpiredCredentials;
    }
    if is(REGION_OFF) {
        return ErrorKind::RegionDisabled;
    }
    if is(UNKNOWN_KEYS) {
        let opt_in = Partition::of_region(region).is_some_and(|p| p.is_opt_in(region));
        return if opt_in { ErrorKind::RegionDisabled } else { ErrorKind::InvalidCredentials };
    }
    if is(BAD_KEYS) {
        return ErrorKind::InvalidCredentials;
    }
    if is(DENIED) {
        return ErrorKind::AccessDenied;
    }
    let absent = ["NoSuch", "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"];
    if absent.iter().any(|start| code.starts_with(start))
        || code.contains("NotFound")
        || code == "AWSOrganizationsNotInUseException"
    {
        return ErrorKind::NotFound;
    }
    if is(TIMED_OUT) || status >= 500 {
        return ErrorKind::Server;
    }
    // Answers to HEAD requests have no body, so no code.
    match (code.is_empty(), status) {
        (true, 401 | 403) => ErrorKind::AccessDenied,
        // A 404 in words that are not AWS's: the server has no such path, which says nothing about the
        // resource.
        (true, 404) if !message.is_empty() => ErrorKind::NotImplemented,
        (true, 404) => ErrorKind::NotFound,
        _ => ErrorKind::Service,
    }
}

/// Emulators say it in words, under various codes.
fn says_not_implemented(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    ["not been implemented", "not yet implemented", "notyetimplemented"].iter().any(|words| message.contains(words))
}

/// How long the service asks to wait.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    number("x-amz-retry-after").map(Duration::from_millis).or_else(|| number("retry-after").map(Duration::from_secs))
}

/// How many seconds AWS's clock is ahead of ours, when it refused a signature for its time and the clocks
/// do differ: a laptop that slept, a machine without NTP.
pub(crate) fn skew(code: &str, message: &str, headers: &HeaderMap) -> Option<i64> {
    const DIFFERENT: i64 = 240;
    let about_time = matches!(code, "RequestTimeTooSkewed" | "RequestExpired" | "RequestInTheFuture")
        || ["Signature expired", "Signature not yet current"].iter().any(|words| message.contains(words));
    if !about_time {
        return None;
    }
    let date = headers.get("date")?.to_str().ok()?;
    let there = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(date).ok()?;
    let ahead = there.as_second() - jiff::Timestamp::now().as_second();
    (ahead.abs() > DIFFERENT).then_some(ahead)
}

/// True for the answers by which S3 says that a bucket is in another region.
pub(crate) fn is_elsewhere(status: u16, code: &str) -> bool {
    matches!(status, 301 | 307)
        || matches!(
            code,
            "PermanentRedirect"
                | "TemporaryRedirect"
                | "AuthorizationHeaderMalformed"
                | "IllegalLocationConstraintException"
        )
        || (status == 400 && code.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_answers() {
        let check = |status, code, region, want| {
            assert_eq!(kind(status, code, "", region), want, "{status} {code}");
        };
        let home = "us-east-1";
        check(403, "AccessDenied", home, ErrorKind::AccessDenied);
        check(403, "Client.UnauthorizedOperation", home, ErrorKind::AccessDenied);
        check(403, "", home, ErrorKind::AccessDenied);
        check(404, "", home, ErrorKind::NotFound);
        check(404, "NoSuchBucketPolicy", home, ErrorKind::NotFound);
        check(404, "ServerSideEncryptionConfigurationNotFoundError", home, ErrorKind::NotFound);
        check(400, "InvalidVolume.NotFound", home, ErrorKind::NotFound);
        check(400, "TrailNotFoundException", home, ErrorKind::NotFound);
        check(400, "ThrottlingException", home, ErrorKind::Throttled);
        check(503, "SlowDown", home, ErrorKind::Throttled);
        check(429, "", home, ErrorKind::Throttled);
        check(503, "", home, ErrorKind::Server);
        check(501, "", home, ErrorKind::NotImplemented);
        check(400, "ExpiredTokenException", home, ErrorKind::ExpiredCredentials);
        check(401, "AuthFailure", "af-south-1", ErrorKind::RegionDisabled);
        check(401, "AuthFailure", home, ErrorKind::InvalidCredentials);
        check(403, "OptInRequired", home, ErrorKind::RegionDisabled);
        check(403, "SignatureDoesNotMatch", "af-south-1", ErrorKind::InvalidCredentials);
        check(400, "ValidationError", home, ErrorKind::Service);
        check(401, "InvalidAccessException", home, ErrorKind::Service);
    }

    #[test]
    fn words_of_emulators() {
        let message = "The GetInsightSelectors action has not been implemented";
        let page = "<!doctype html>";
        assert_eq!(kind(404, "", page, "us-east-1"), ErrorKind::NotImplemented);
        assert_eq!(kind(400, "X", message, "us-east-1"), ErrorKind::NotImplemented);
    }
}
