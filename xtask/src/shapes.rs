//! `cargo xtask shapes --botocore DIR`: derives content/shapes from botocore's public API models.
//! Only the operations of operations.txt are kept, and of their shapes only what is needed to write a
//! request and to read an answer: no prose, no constraints, no enumerations.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

/// Members of a service's metadata that the client reads.
const METADATA: &[&str] =
    &["serviceId", "apiVersion", "protocol", "jsonVersion", "targetPrefix", "endpointPrefix", "signingName"];
/// The protocols that the client speaks (crates/aws/src/protocol).
const PROTOCOLS: &[&str] = &["ec2", "json", "query", "rest-json", "rest-xml"];
/// Traits of a member that the client reads, in botocore's spelling.
const TRAITS: &[&str] =
    &["location", "locationName", "queryName", "flattened", "timestampFormat", "xmlAttribute", "xmlNamespace"];

/// Services that botocore has no model of: another's operations, answered at an endpoint of their own.
const DERIVED: &[Derived] = &[
    // Directory buckets: S3's operations on buckets, and S3 Control's on their tags.
    Derived { name: "s3express", model: "s3", endpoint_prefix: "s3express-control", signing_name: "s3express" },
    Derived {
        name: "s3express-control",
        model: "s3control",
        endpoint_prefix: "s3express-control",
        signing_name: "s3express",
    },
];

struct Derived {
    name: &'static str,
    model: &'static str,
    endpoint_prefix: &'static str,
    signing_name: &'static str,
}

impl Derived {
    fn of(service: &str) -> Option<&'static Derived> {
        DERIVED.iter().find(|derived| derived.name == service)
    }

    /// The model as the service has it. Host prefixes belong to the other's endpoint.
    fn change(&self, model: &mut Value) {
        model["metadata"]["endpointPrefix"] = json!(self.endpoint_prefix);
        model["metadata"]["signingName"] = json!(self.signing_name);
        for operation in model["operations"].as_object_mut().into_iter().flat_map(Map::values_mut) {
            operation.as_object_mut().and_then(|operation| operation.remove("endpoint"));
        }
    }
}

/// Runs the task: reads `DIR/<service>/<newest version>/` and writes `content/shapes/`.
pub fn run(arguments: &[String]) -> Result<()> {
    let [flag, directory] = arguments else {
        bail!("usage: cargo run -p xtask -- shapes --botocore DIR (botocore's data folder)");
    };
    if flag != "--botocore" {
        bail!("unknown argument `{flag}`; the only one is --botocore DIR");
    }
    let source = Path::new(directory);
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../content/shapes");
    let wanted = wanted_operations(&target.join("operations.txt"))?;
    let mut prefixes = BTreeSet::new();
    for (service, operations) in &wanted {
        let derived = Derived::of(service);
        let named = derived.map_or(service.as_str(), |derived| derived.model);
        let mut model = read_model(source, named, "service-2.json")?
            .with_context(|| format!("botocore has no service `{named}`"))?;
        if let Some(derived) = derived {
            derived.change(&mut model);
        }
        let paginators = read_model(source, named, "paginators-1.json")?.unwrap_or_default();
        let text = service_file(&model, &paginators, operations).with_context(|| format!("service `{service}`"))?;
        if let Some(prefix) = model["metadata"]["endpointPrefix"].as_str() {
            prefixes.insert(prefix.to_owned());
        }
        fs::write(target.join(format!("{service}.json")), text)?;
    }
    let endpoints = read_json(&source.join("endpoints.json"))?.context("no endpoints.json")?;
    let partitions = read_json(&source.join("partitions.json"))?.context("no partitions.json")?;
    fs::write(target.join("partitions.json"), partitions_file(&endpoints, &partitions, &prefixes)?)?;
    Ok(())
}

/// The lines `service Operation`, by service.
fn wanted_operations(path: &Path) -> Result<BTreeMap<String, BTreeSet<String>>> {
    let text = fs::read_to_string(path).with_context(|| format!("{}", path.display()))?;
    let mut wanted: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        let (service, operation) = line
            .split_once(' ')
            .with_context(|| format!("{}:{}: expected `service Operation`", path.display(), number + 1))?;
        wanted.entry(service.to_owned()).or_default().insert(operation.to_owned());
    }
    Ok(wanted)
}

/// A model file of the newest version of a service; `None` when the service has no such file.
fn read_model(source: &Path, service: &str, name: &str) -> Result<Option<Value>> {
    let folder = source.join(service);
    let newest: Option<PathBuf> = fs::read_dir(&folder)
        .with_context(|| format!("{}", folder.display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_dir())
        .max();
    let newest = newest.with_context(|| format!("{} has no version", folder.display()))?;
    read_json(&newest.join(name))
}

/// Reads `path` or `path.gz` as JSON.
fn read_json(path: &Path) -> Result<Option<Value>> {
    if path.exists() {
        return Ok(Some(serde_json::from_slice(&fs::read(path)?)?));
    }
    let packed = path.with_added_extension("gz");
    if !packed.exists() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(fs::File::open(packed)?).read_to_end(&mut bytes)?;
    Ok(Some(serde_json::from_slice(&bytes)?))
}

/// The trimmed model as text, one operation and one shape a line so that a change is easy to review.
fn service_file(model: &Value, pages: &Value, operations: &BTreeSet<String>) -> Result<String> {
    let mut text = String::from("{\n");
    for key in METADATA {
        let value = if *key == "protocol" { Some(protocol(model)) } else { model["metadata"].get(*key) };
        if let Some(value) = value {
            writeln!(text, "\"{key}\":{value},")?;
        }
    }
    let mut shapes = BTreeMap::new();
    let mut lines = Vec::new();
    for name in operations {
        let operation = trimmed_operation(model, pages, name, &mut shapes)?;
        lines.push(format!("\"{name}\":{operation}"));
    }
    writeln!(text, "\"operations\":{{\n{}\n}},", lines.join(",\n"))?;
    let lines: Vec<_> = shapes.iter().map(|(name, shape)| format!("\"{name}\":{shape}")).collect();
    writeln!(text, "\"shapes\":{{\n{}\n}}\n}}", lines.join(",\n"))?;
    Ok(text)
}

/// The protocol to speak: the model's first choice, or the next of its list that the client has.
fn protocol(model: &Value) -> &Value {
    let spoken = |name: &&Value| name.as_str().is_some_and(|name| PROTOCOLS.contains(&name));
    let preferred = &model["metadata"]["protocol"];
    let others = model["metadata"]["protocols"].as_array().into_iter().flatten();
    std::iter::once(preferred).chain(others).find(spoken).unwrap_or(preferred)
}

fn trimmed_operation(model: &Value, pages: &Value, name: &str, shapes: &mut BTreeMap<String, Value>) -> Result<Value> {
    let operation = model["operations"].get(name).with_context(|| format!("no operation `{name}`"))?;
    let mut out = Map::new();
    out.insert("method".into(), operation["http"]["method"].clone());
    out.insert("uri".into(), operation["http"]["requestUri"].clone());
    for side in ["input", "output"] {
        if let Some(shape) = operation[side]["shape"].as_str() {
            collect(model, shape, shapes)?;
            out.insert(side.into(), json!(shape));
        }
    }
    if let Some(wrapper) = operation["output"].get("resultWrapper") {
        out.insert("resultWrapper".into(), wrapper.clone());
    }
    if let Some(prefix) = operation["endpoint"].get("hostPrefix") {
        out.insert("hostPrefix".into(), prefix.clone());
    }
    if let Some(paginator) = pages["pagination"].get(name) {
        let mut kept = Map::new();
        for key in ["input_token", "output_token", "more_results", "limit_key", "result_key"] {
            if let Some(value) = paginator.get(key) {
                kept.insert(key.into(), value.clone());
            }
        }
        out.insert("pages".into(), Value::Object(kept));
    } else if let Some((input, output)) = page_tokens(model, operation) {
        out.insert("pages".into(), json!({"input_token": input, "output_token": output}));
    }
    Ok(Value::Object(out))
}

/// The page tokens (of the request, of the answer) of an operation that the models give no paginator, though
/// its request and its answer have them: without them only the first page would be read.
fn page_tokens<'m>(model: &'m Value, operation: &Value) -> Option<(&'m str, &'m str)> {
    let members = |side: &str| model["shapes"][operation[side]["shape"].as_str()?]["members"].as_object();
    let (input, output) = (members("input")?, members("output")?);
    let named = |side: &'m Map<String, Value>, wanted: &str| {
        side.keys().find(|name| name.eq_ignore_ascii_case(wanted)).map(String::as_str)
    };
    [
        ("NextToken", "NextToken"),
        ("NextMarker", "NextMarker"),
        ("PageToken", "NextPageToken"),
        ("ExclusiveStartStreamArn", "LastEvaluatedStreamArn"),
    ]
    .into_iter()
    .find_map(|(asked, given)| Some((named(input, asked)?, named(output, given)?)))
}

/// Adds the shape and all that it refers to; a shape that is there already ends the descent, so that
/// recursive shapes are references.
fn collect(model: &Value, name: &str, shapes: &mut BTreeMap<String, Value>) -> Result<()> {
    if shapes.contains_key(name) || scalar(model, name)?.is_some() {
        return Ok(());
    }
    shapes.insert(name.to_owned(), Value::Null);
    let shape = &model["shapes"][name];
    let mut out = Map::new();
    out.insert("type".into(), shape["type"].clone());
    for key in ["payload", "flattened", "xmlNamespace"] {
        if let Some(value) = shape.get(key) {
            out.insert(key.into(), value.clone());
        }
    }
    if let Some(members) = shape["members"].as_object() {
        let mut kept = Map::new();
        for (member, reference) in members {
            kept.insert(member.clone(), trimmed_reference(model, reference, shapes)?);
        }
        out.insert("members".into(), Value::Object(kept));
    }
    for part in ["member", "key", "value"] {
        if let Some(reference) = shape.get(part) {
            out.insert(part.into(), trimmed_reference(model, reference, shapes)?);
        }
    }
    shapes.insert(name.to_owned(), Value::Object(out));
    Ok(())
}

/// A member: its shape (a scalar's type instead of its name) and its traits.
fn trimmed_reference(model: &Value, reference: &Value, shapes: &mut BTreeMap<String, Value>) -> Result<Value> {
    let name = reference["shape"].as_str().context("a member without a shape")?;
    let mut out = Map::new();
    let scalar = scalar(model, name)?;
    out.insert("shape".into(), json!(scalar.as_deref().unwrap_or(name)));
    for key in TRAITS {
        let own = reference.get(*key);
        let inherited = scalar.is_some().then(|| model["shapes"][name].get(*key)).flatten();
        if let Some(value) = own.or(inherited) {
            out.insert((*key).into(), value.clone());
        }
    }
    if scalar.is_none() {
        collect(model, name, shapes)?;
    }
    Ok(Value::Object(out))
}

/// The type of a shape without parts; `None` for structures, lists and maps.
fn scalar(model: &Value, name: &str) -> Result<Option<String>> {
    let shape = model["shapes"].get(name).with_context(|| format!("no shape `{name}`"))?;
    if shape["document"] == json!(true) {
        return Ok(Some("document".into()));
    }
    let kind = shape["type"].as_str().with_context(|| format!("shape `{name}` has no type"))?;
    Ok(match kind {
        "structure" | "list" | "map" => None,
        "character" => Some("string".into()),
        scalar => Some(scalar.to_owned()),
    })
}

/// Partitions with their regions, and the services whose endpoint is not `{service}.{region}.{suffix}`.
fn partitions_file(endpoints: &Value, partitions: &Value, prefixes: &BTreeSet<String>) -> Result<String> {
    let list = partitions["partitions"].as_array().context("no partitions")?;
    let mut lines = Vec::new();
    for partition in list {
        let id = partition["id"].as_str().context("a partition without an id")?;
        let old = endpoints["partitions"].as_array().and_then(|all| all.iter().find(|p| p["partition"] == json!(id)));
        let regions: Vec<_> = partition["regions"]
            .as_object()
            .context("a partition without regions")?
            .keys()
            .filter(|region| !region.ends_with("-global"))
            .collect();
        let suffix = &partition["outputs"]["dnsSuffix"];
        let mut exceptions = BTreeMap::new();
        for prefix in prefixes {
            let service = old.map_or(&Value::Null, |p| &p["services"][prefix]);
            if let Some(exception) = exception(service, prefix, suffix.as_str().unwrap_or("")) {
                exceptions.insert(prefix.clone(), exception);
            }
        }
        lines.push(json!({
            "id": id,
            "dnsSuffix": suffix,
            "implicitGlobalRegion": partition["outputs"]["implicitGlobalRegion"],
            "regionPrefixes": region_prefixes(partition["regionRegex"].as_str().unwrap_or(""))?,
            "regions": regions,
            "services": exceptions,
        }));
    }
    let lines: Vec<_> = lines.iter().map(Value::to_string).collect();
    Ok(format!("[\n{}\n]\n", lines.join(",\n")))
}

/// How a service's endpoints differ from the rule: one for the whole partition, or some regions' own.
fn exception(service: &Value, prefix: &str, suffix: &str) -> Option<Value> {
    let endpoint = |name: &str| {
        let found = &service["endpoints"][name];
        let host = found["hostname"].as_str()?;
        let region = found["credentialScope"]["region"].as_str().unwrap_or(name);
        Some(json!({"hostname": host, "region": region}))
    };
    if service["isRegionalized"] == json!(false) {
        return Some(json!({"global": endpoint(service["partitionEndpoint"].as_str()?)?}));
    }
    let mut regions = Map::new();
    for (region, found) in service["endpoints"].as_object()? {
        // FIPS and other special names are asked for by nobody yet.
        if found["deprecated"] == json!(true) || !region.ends_with(|c: char| c.is_ascii_digit()) {
            continue;
        }
        let usual = format!("{prefix}.{region}.{suffix}");
        let special = endpoint(region).filter(|e| e["hostname"] != json!(usual) || e["region"] != json!(region));
        if let Some(special) = special {
            if prefix == "s3" && region.starts_with("s3-") {
                continue;
            }
            regions.insert(region.clone(), special);
        }
    }
    (!regions.is_empty()).then(|| json!({ "regions": regions }))
}

/// `^(us|eu)\-\w+\-\d+$` as `["us", "eu"]`: what stands before the last two words of a region's name.
fn region_prefixes(regex: &str) -> Result<Vec<String>> {
    let body = regex
        .strip_prefix('^')
        .and_then(|r| r.strip_suffix(r"\-\w+\-\d+$"))
        .with_context(|| format!("a region pattern of a new kind: {regex}"))?
        .replace(r"\-", "-");
    let Some((before, rest)) = body.split_once('(') else {
        return Ok(vec![body]);
    };
    let (choices, after) = rest.split_once(')').context("unbalanced region pattern")?;
    Ok(choices.split('|').map(|choice| format!("{before}{choice}{after}")).collect())
}
