//! Signature version 4 on a finished request.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
    sign as sigv4,
};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::client::identity::Identity;

/// What a signature is scoped to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope<'a> {
    /// The signing name: `s3`, `ec2`, `elasticloadbalancing`.
    pub name: &'a str,
    pub region: &'a str,
    pub time: SystemTime,
}

/// The headers that a signature adds. `uri` is the full, percent-encoded URL; `headers` are in lower
/// case and include `host`.
///
/// # Errors
/// A sentence, when a header or the URL cannot be signed.
pub(crate) fn sign(
    method: &str,
    uri: &str,
    headers: &[(String, String)],
    body: &[u8],
    credentials: &Credentials,
    scope: Scope<'_>,
) -> Result<Vec<(String, String)>, String> {
    let identity: Identity = credentials.clone().into();
    let mut settings = SigningSettings::default();
    if matches!(scope.name, "s3" | "s3express") {
        // S3 takes the path as it is sent, and wants the body's hash in a header.
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    }
    let parameters = SigningParams::builder()
        .identity(&identity)
        .region(scope.region)
        .name(scope.name)
        .time(scope.time)
        .settings(settings)
        .build()
        .map_err(|error| error.to_string())?
        .into();
    let signable = SignableRequest::new(
        method,
        uri,
        headers.iter().map(|(name, value)| (&**name, &**value)),
        SignableBody::Bytes(body),
    )
    .map_err(|error| error.to_string())?;
    let (instructions, _) = sigv4(signable, &parameters).map_err(|error| error.to_string())?.into_parts();
    Ok(instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn headers(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn signature(of: &[(String, String)]) -> &str {
        let (_, value) = of.iter().find(|(name, _)| name == "authorization").unwrap();
        value.rsplit_once("Signature=").unwrap().1
    }

    /// AWS's published example "get-vanilla-query-order-key-case" of the SigV4 test suite.
    #[test]
    fn the_signature_is_that_of_awss_test_suite() {
        let credentials =
            Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None, None, "test");
        let signed = sign(
            "GET",
            "https://example.amazonaws.com/?Param2=value2&Param1=value1",
            &headers(&[("host", "example.amazonaws.com")]),
            b"",
            &credentials,
            Scope {
                name: "service",
                region: "us-east-1",
                // 2015-08-30T12:36:00Z
                time: SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160),
            },
        )
        .unwrap();
        assert_eq!(signature(&signed), "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
    }

    /// The example "GET Object" of S3's documentation of signature calculation (20130524).
    #[test]
    fn the_signature_is_that_of_s3s_documentation() {
        let credentials =
            Credentials::new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", None, None, "test");
        let signed = sign(
            "GET",
            "https://examplebucket.s3.amazonaws.com/?lifecycle",
            &headers(&[("host", "examplebucket.s3.amazonaws.com")]),
            b"",
            &credentials,
            Scope {
                name: "s3",
                region: "us-east-1",
                // 2013-05-24T00:00:00Z
                time: SystemTime::UNIX_EPOCH + Duration::from_secs(1_369_353_600),
            },
        )
        .unwrap();
        assert_eq!(signature(&signed), "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
    }

    #[test]
    fn a_session_token_is_signed() {
        let credentials = Credentials::new("A", "s", Some("tok/en".to_owned()), None, "test");
        let signed = sign(
            "POST",
            "https://ec2.us-east-1.amazonaws.com/",
            &headers(&[("host", "ec2.us-east-1.amazonaws.com")]),
            b"Action=X",
            &credentials,
            Scope { name: "ec2", region: "us-east-1", time: SystemTime::UNIX_EPOCH },
        )
        .unwrap();
        let authorization = &signed.iter().find(|(n, _)| n == "authorization").unwrap().1;
        assert!(authorization.contains("x-amz-security-token"), "{authorization}");
        assert!(signed.contains(&("x-amz-security-token".to_owned(), "tok/en".to_owned())));
    }
}
