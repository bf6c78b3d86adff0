//! Finds the region of a bucket: S3 lists the buckets of all regions in one listing.

use haechi_aws::{Api, ApiError, ErrorKind};
use haechi_model::Region;
use serde_json::{Value, json};

/// The region of a listed bucket: what the listing says, else what GetBucketLocation says.
pub(super) async fn bucket_region(api: &dyn Api, home: &Region, bucket: &Value) -> Result<Region, ApiError> {
    if let Some(region) = bucket["BucketRegion"].as_str().and_then(|name| Region::parse(name).ok()) {
        return Ok(region);
    }
    let name = bucket["Name"].as_str().unwrap_or_default();
    let answer = api.call("s3", home.as_str(), "GetBucketLocation", json!({"Bucket": name})).await?;
    let constraint = answer["LocationConstraint"].as_str().unwrap_or_default();
    let region = match constraint {
        // Buckets of the first region have no constraint; `EU` is the old name of Ireland.
        "" => home.as_str(),
        "EU" => "eu-west-1",
        other => other,
    };
    Region::parse(region).map_err(|error| {
        ApiError::new(ErrorKind::Malformed, "s3", home.as_str(), "GetBucketLocation", error.to_string())
    })
}
