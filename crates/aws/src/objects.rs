//! Objects of S3: what `s3://bucket/prefix` means, the keys under it, and their bytes with a bound.
//!
//! Large objects are read in parts of a known version (`If-Match`), so that memory is bounded and a lost
//! connection costs one part. Where a bucket lives is found out by the client.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::client::Client;
use crate::error::{ApiError, ErrorKind};
use crate::paging::Cursor;

/// A bucket and the beginning of the keys in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct S3Location {
    /// The bucket's name, or the alias of an access point.
    pub bucket: String,
    /// What the keys start with; empty for all of them.
    pub prefix: String,
}

/// Why a text is no place in S3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotS3 {
    /// It does not begin with `s3://`.
    Scheme,
    /// The bucket's name is not one that S3 allows: 3 to 63 of `a-z`, `0-9`, `.` and `-`.
    Bucket,
}

impl fmt::Display for NotS3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => "it does not begin with s3://",
            Self::Bucket => "a bucket's name has 3 to 63 characters: lower-case letters, digits, `.` and `-`",
        })
    }
}

impl std::error::Error for NotS3 {}

impl FromStr for S3Location {
    type Err = NotS3;

    fn from_str(text: &str) -> Result<Self, NotS3> {
        let rest = text.strip_prefix("s3://").ok_or(NotS3::Scheme)?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
        if !(3..=63).contains(&bucket.len()) || !bucket.bytes().all(allowed) {
            return Err(NotS3::Bucket);
        }
        Ok(Self { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }
}

impl fmt::Display for S3Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.prefix)
    }
}

/// One object as a listing has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    pub key: String,
    /// In bytes.
    pub size: u64,
    /// The version's tag, with its quotes; empty when the server gave none.
    pub etag: String,
    /// RFC 3339; empty when the server gave none.
    pub last_modified: String,
    /// `STANDARD`, `GLACIER`, ...; empty when the server gave none.
    pub storage_class: String,
}

/// One level of a bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Under {
    pub objects: Vec<Object>,
    /// Each ends in `/`.
    pub prefixes: Vec<String>,
}

/// Reads the objects of one bucket. Cheap to clone.
#[derive(Clone)]
pub struct Objects {
    client: Client,
    bucket: String,
}

/// A listing that is taken page by page.
pub struct Listing {
    objects: Objects,
    cursor: Option<Cursor>,
}

impl Objects {
    /// The bucket is asked for in the client's home region, and then where it is.
    pub fn new(client: Client, bucket: impl Into<String>) -> Self {
        Self { client, bucket: bucket.into() }
    }

    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The objects whose keys start with `prefix` and come after `after`, in the order of their keys
    /// (UTF-8 bytes; a directory bucket has no order).
    ///
    /// # Errors
    /// The operation is not embedded.
    pub fn list(&self, prefix: &str, after: Option<&str>) -> Result<Listing, ApiError> {
        let mut input = json!({ "Bucket": self.bucket, "Prefix": prefix });
        if let Some(after) = after {
            input["StartAfter"] = after.into();
        }
        let cursor = Cursor::new("s3", self.client.region(), "ListObjectsV2", input)?;
        Ok(Listing { objects: self.clone(), cursor: Some(cursor) })
    }

    /// What lies right under a prefix: objects, and the prefixes of those that lie deeper, up to the next `/`.
    ///
    /// # Errors
    /// As [`crate::Api::call`].
    pub async fn under(&self, prefix: &str) -> Result<Under, ApiError> {
        let input = json!({ "Bucket": self.bucket, "Prefix": prefix, "Delimiter": "/" });
        let cursor = Cursor::new("s3", self.client.region(), "ListObjectsV2", input)?;
        let mut listing = Listing { objects: self.clone(), cursor: Some(cursor) };
        let mut under = Under::default();
        while let Some(page) = listing.next_page().await {
            let page = page?;
            under.objects.extend(objects_of(&page));
            let prefixes = page["CommonPrefixes"].as_array().map(Vec::as_slice).unwrap_or_default();
            under.prefixes.extend(prefixes.iter().filter_map(|prefix| Some(prefix["Prefix"].as_str()?.to_owned())));
        }
        Ok(under)
    }

    /// An object as a whole with the metadata that its writer gave it, when it has at most `limit` bytes. The
    /// metadata's names are in lower case.
    ///
    /// # Errors
    /// As [`Objects::get`].
    pub async fn get_with_metadata(
        &self,
        key: &str,
        limit: u64,
    ) -> Result<(Bytes, BTreeMap<String, String>), ApiError> {
        match self.ask_range(key, 0, limit.saturating_add(1), "").await {
            Ok((_, bytes)) if bytes.len() as u64 > limit => Err(self.too_large(key, limit)),
            Ok((answer, bytes)) => Ok((bytes, metadata_of(&answer))),
            Err(error) if error.status == Some(416) => Ok((Bytes::new(), BTreeMap::new())),
            Err(error) => Err(error),
        }
    }

    /// An object as a whole, when it has at most `limit` bytes.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], [`ErrorKind::TooLarge`] over the limit, and what else a call may meet.
    pub async fn get(&self, key: &str, limit: u64) -> Result<Bytes, ApiError> {
        // One byte over the limit tells whether there is more; the rest is not sent.
        match self.range(key, 0, limit.saturating_add(1), "").await {
            Ok(bytes) if bytes.len() as u64 > limit => Err(self.too_large(key, limit)),
            Err(error) if error.status == Some(416) => Ok(Bytes::new()),
            other => other,
        }
    }

    /// `length` bytes from `from` on, fewer at the end of the object. An `etag` that is not empty demands
    /// that very version: the object may have been written anew since it was listed.
    ///
    /// # Errors
    /// HTTP status 416 when nothing starts at `from`, 412 when the version is another one.
    pub async fn range(&self, key: &str, from: u64, length: u64, etag: &str) -> Result<Bytes, ApiError> {
        self.ask_range(key, from, length, etag).await.map(|(_, bytes)| bytes)
    }

    async fn ask_range(&self, key: &str, from: u64, length: u64, etag: &str) -> Result<(Value, Bytes), ApiError> {
        let last = from.saturating_add(length.max(1)) - 1;
        let mut input = json!({ "Bucket": self.bucket, "Key": key, "Range": format!("bytes={from}-{last}") });
        if !etag.is_empty() {
            input["IfMatch"] = etag.into();
        }
        let (answer, bytes) = self.client.call_bytes("s3", self.client.region(), "GetObject", input).await?;
        if bytes.len() as u64 > length {
            // A server that does not know ranges sends all of it, and would do so for each part.
            return Err(self.error(ErrorKind::Malformed, format!("{key}: the server sent more than it was asked for")));
        }
        Ok((answer, bytes))
    }

    fn too_large(&self, key: &str, limit: u64) -> ApiError {
        self.error(ErrorKind::TooLarge, format!("s3://{}/{key} has more than {limit} bytes", self.bucket))
    }

    fn error(&self, kind: ErrorKind, text: String) -> ApiError {
        ApiError::new(kind, "s3", self.client.region(), "GetObject", text)
    }
}

impl Listing {
    /// The next page, up to 1,000 objects; `None` after the last one, and after an error.
    pub async fn next(&mut self) -> Option<Result<Vec<Object>, ApiError>> {
        Some(self.next_page().await?.map(|page| objects_of(&page)))
    }

    async fn next_page(&mut self) -> Option<Result<Value, ApiError>> {
        let cursor = self.cursor.as_mut()?;
        let input = cursor.next_input()?;
        let client = &self.objects.client;
        let page = crate::Api::call(client, "s3", client.region(), "ListObjectsV2", input).await;
        let page = page.and_then(|page| cursor.advance(&page).map(|()| page));
        if page.is_err() {
            self.cursor = None;
        }
        Some(page)
    }
}

fn metadata_of(answer: &Value) -> BTreeMap<String, String> {
    let given = answer["Metadata"].as_object().into_iter().flatten();
    given.filter_map(|(name, value)| Some((name.to_ascii_lowercase(), value.as_str()?.to_owned()))).collect()
}

fn objects_of(page: &Value) -> Vec<Object> {
    let text = |object: &Value, name: &str| object[name].as_str().unwrap_or_default().to_owned();
    let contents = page["Contents"].as_array().map(Vec::as_slice).unwrap_or_default();
    contents
        .iter()
        .map(|object| Object {
            key: text(object, "Key"),
            size: object["Size"].as_u64().unwrap_or(0),
            etag: text(object, "ETag"),
            last_modified: text(object, "LastModified"),
            storage_class: text(object, "StorageClass"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_s3() {
        let check = |text: &str, want: Result<(&str, &str), NotS3>| {
            let got = text.parse::<S3Location>();
            assert_eq!(got.as_ref().map(|at| (at.bucket.as_str(), at.prefix.as_str())).map_err(|e| *e), want, "{text}");
        };
        check("s3://my-bucket", Ok(("my-bucket", "")));
        check("s3://my-bucket/", Ok(("my-bucket", "")));
        check("s3://my.bucket/AWSLogs/1/Config//x", Ok(("my.bucket", "AWSLogs/1/Config//x")));
        check("s3:/my-bucket", Err(NotS3::Scheme));
        check("S3://my-bucket", Err(NotS3::Scheme));
        check("s3://ab", Err(NotS3::Bucket));
        check("s3://My-Bucket/x", Err(NotS3::Bucket));
        check("s3:///x", Err(NotS3::Bucket));
        check("s3://a@evil.example/x", Err(NotS3::Bucket));
    }
}
