//! The door to AWS that the rest of Haechi sees: an object-safe trait, so that inventory can be tested
//! against a fake. Input and output are JSON values with the member names of AWS's own API models.

use std::future::Future;
use std::pin::Pin;

use serde_json::Value;

use crate::error::ApiError;
use crate::paging::Cursor;

/// A boxed future, as object-safe async traits need it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Calls AWS. `service` is the name that the shapes have (`iam`, `s3`, `s3control`, `ec2`, `elbv2`,
/// `config`, `logs`, ...); `region` is the region to ask (any region does for a global service);
/// `input` is an object (`{}` or `null` for none).
///
/// Timestamps come out as RFC 3339 strings in UTC, blobs as base64 strings, and members that AWS left
/// out are left out. A fake needs `call` only: `call_all` follows the pages by it.
pub trait Api: Send + Sync {
    /// One call. Retries what is worth it; the error is final.
    fn call<'a>(
        &'a self,
        service: &'a str,
        region: &'a str,
        operation: &'a str,
        input: Value,
    ) -> BoxFuture<'a, Result<Value, ApiError>>;

    /// All pages of a listing, one after another, each given to `each_page`; the result is the number of
    /// pages. An operation without pages is one page. After an error, the pages before it were given:
    /// the listing is then incomplete.
    fn call_all<'a>(
        &'a self,
        service: &'a str,
        region: &'a str,
        operation: &'a str,
        input: Value,
        each_page: &'a mut (dyn FnMut(Value) + Send),
    ) -> BoxFuture<'a, Result<u64, ApiError>> {
        Box::pin(async move {
            let mut cursor = Cursor::new(service, region, operation, input)?;
            let mut pages = 0;
            while let Some(input) = cursor.next_input() {
                let page = self.call(service, region, operation, input).await?;
                cursor.advance(&page)?;
                pages += 1;
                each_page(page);
            }
            Ok(pages)
        })
    }
}

/// The pages of one listing, taken one at a time.
pub struct Pages<'a> {
    api: &'a dyn Api,
    service: &'a str,
    region: &'a str,
    operation: &'a str,
    state: Result<Cursor, Option<ApiError>>,
}

impl<'a> Pages<'a> {
    /// Starts a listing; nothing is sent before the first [`Pages::next`].
    pub fn new(api: &'a dyn Api, service: &'a str, region: &'a str, operation: &'a str, input: Value) -> Self {
        let state = Cursor::new(service, region, operation, input).map_err(Some);
        Self { api, service, region, operation, state }
    }

    /// The next page; `None` after the last one, and after an error.
    pub async fn next(&mut self) -> Option<Result<Value, ApiError>> {
        let cursor = match &mut self.state {
            Ok(cursor) => cursor,
            Err(error) => return error.take().map(Err),
        };
        let input = cursor.next_input()?;
        let page = self.api.call(self.service, self.region, self.operation, input).await;
        let page = page.and_then(|page| cursor.advance(&page).map(|()| page));
        if page.is_err() {
            self.state = Err(None);
        }
        Some(page)
    }
}
