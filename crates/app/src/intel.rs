//! What detecting knows from outside: lists of addresses and domains, AWS's ranges, databases of addresses.
//!
//! `--intel tor-exits=FILE` names a list's file; `--intel DIR` takes each file of a folder whose name is a list's
//! (`tor-exits.txt`, `aws-ranges.json`, `geo*.mmdb`). Nothing is fetched.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use haechi_content::Need;
use haechi_detect::{AddressFacts, Geography, Intel};
use maxminddb::{Reader, path};
use serde_json::Value;

use crate::error::{Result, UserError};

/// What the flags and the settings name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IntelRequest {
    /// `NAME=FILE`, or a folder.
    pub lists: Vec<String>,
    /// Databases of places and of networks (.mmdb).
    pub databases: Vec<PathBuf>,
    /// Files of addresses that are never the reason of a finding.
    pub trusted: Vec<PathBuf>,
}

/// A list of 250,000 entries has about 10 MB.
const LARGEST_LIST: u64 = 256 << 20;
const LARGEST_DATABASE: u64 = 2 << 30;

/// Reads everything that was named. What cannot be read is an error: a list that is silently missing is worse.
pub(crate) fn load(request: &IntelRequest) -> Result<Intel> {
    let mut intel = Intel::default();
    let mut databases = request.databases.clone();
    for word in &request.lists {
        match word.split_once('=') {
            Some((name, file)) => list(&mut intel, name.trim(), Path::new(file.trim()))?,
            None => folder(&mut intel, Path::new(word), &mut databases)?,
        }
    }
    for path in &request.trusted {
        let text = text(path)?;
        intel.trust(&text).map_err(|error| wrong_list(path, &error))?;
    }
    let databases = databases.iter().map(|path| Database::open(path)).collect::<Result<Vec<_>>>()?;
    if !databases.is_empty() {
        intel.know(Arc::new(Databases(databases)));
    }
    Ok(intel)
}

fn list(intel: &mut Intel, name: &str, path: &Path) -> Result<()> {
    let need = Need::ALL.into_iter().find(|need| need.as_str() == name).filter(|need| need.is_list());
    let Some(need) = need else {
        let lists: Vec<_> = Need::ALL.into_iter().filter(|need| need.is_list()).map(Need::as_str).collect();
        return Err(UserError::said("error-intel-name").arg("name", name).arg("names", lists.join(", ")));
    };
    let text = text(path)?;
    let text = if need == Need::AwsRanges { aws_ranges(&text, path)? } else { text };
    intel.add(need, &text).map_err(|error| wrong_list(path, &error))?;
    Ok(())
}

/// Each file of the folder that is called like a list, and databases.
fn folder(intel: &mut Intel, path: &Path, databases: &mut Vec<PathBuf>) -> Result<()> {
    let failed = |error: &dyn std::fmt::Display| {
        UserError::said("error-intel-read").arg("path", path.display()).because(error).help("advice-intel")
    };
    let entries = fs::read_dir(path).map_err(|error| failed(&error))?;
    let mut files = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<Vec<_>>>()
        .map_err(|error| failed(&error))?;
    files.sort();
    let mut found = false;
    for file in files {
        let ending = file.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
        let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        if ending == "mmdb" {
            databases.push(file);
            found = true;
        } else if Need::ALL.into_iter().any(|need| need.as_str() == stem && need.is_list()) {
            list(intel, &stem, &file)?;
            found = true;
        } else if stem == "ip-ranges" {
            list(intel, Need::AwsRanges.as_str(), &file)?;
            found = true;
        } else if stem == "trusted" {
            intel.trust(&text(&file)?).map_err(|error| wrong_list(&file, &error))?;
            found = true;
        }
    }
    if found { Ok(()) } else { Err(failed(&"no file in it is called like a list")) }
}

fn text(path: &Path) -> Result<String> {
    let failed = |error: &dyn std::fmt::Display| {
        UserError::said("error-intel-read").arg("path", path.display()).because(error).help("advice-intel")
    };
    let about = fs::metadata(path).map_err(|error| failed(&error))?;
    if about.len() > LARGEST_LIST {
        return Err(failed(&format_args!("it has more than {LARGEST_LIST} bytes")));
    }
    fs::read_to_string(path).map_err(|error| failed(&error))
}

fn wrong_list(path: &Path, error: &haechi_detect::ListError) -> UserError {
    UserError::said("error-intel-line").arg("path", path.display()).because(error).help("advice-intel-line")
}

/// The prefixes of AWS's `ip-ranges.json`, a line each; a list of lines is taken as it is.
fn aws_ranges(text: &str, path: &Path) -> Result<String> {
    if !text.trim_start().starts_with('{') {
        return Ok(text.to_owned());
    }
    let wrong = |error: &dyn std::fmt::Display| {
        UserError::said("error-intel-read").arg("path", path.display()).because(error).help("advice-intel")
    };
    let ranges: Value = serde_json::from_str(text).map_err(|error| wrong(&error))?;
    let of = |list: &str, member: &str| -> Vec<String> {
        let entries = ranges[list].as_array().into_iter().flatten();
        entries.filter_map(|entry| entry[member].as_str().map(str::to_owned)).collect()
    };
    let mut prefixes = of("prefixes", "ip_prefix");
    prefixes.extend(of("ipv6_prefixes", "ipv6_prefix"));
    if prefixes.is_empty() {
        return Err(wrong(&"it has no `prefixes`"));
    }
    Ok(prefixes.join("\n"))
}

/// A database in MaxMind's format, by whoever made it.
struct Database {
    reader: Reader<Vec<u8>>,
    places: bool,
    networks: bool,
}

impl Database {
    fn open(path: &Path) -> Result<Self> {
        let failed = |error: &dyn std::fmt::Display| {
            UserError::said("error-intel-read").arg("path", path.display()).because(error).help("advice-geo")
        };
        let about = fs::metadata(path).map_err(|error| failed(&error))?;
        if about.len() > LARGEST_DATABASE {
            return Err(failed(&format_args!("it has more than {LARGEST_DATABASE} bytes")));
        }
        let bytes = fs::read(path).map_err(|error| failed(&error))?;
        let reader = Reader::from_source(bytes).map_err(|error| failed(&error))?;
        let kind = reader.metadata().database_type.to_ascii_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| kind.contains(word));
        let places = says(&["city", "country", "enterprise", "location"]);
        let networks = says(&["asn", "isp", "enterprise", "autonomous"]);
        if !places && !networks {
            return Err(failed(&format_args!("a database of `{kind}` says neither places nor networks")));
        }
        Ok(Self { reader, places, networks })
    }

    fn fill(&self, address: IpAddr, facts: &mut AddressFacts) {
        let Ok(found) = self.reader.lookup(address) else { return };
        let text = |path: &[maxminddb::PathElement<'_>]| found.decode_path::<&str>(path).ok().flatten().map(Box::from);
        if self.places {
            // Some makers write the code where MaxMind has an object.
            facts.country = text(&path!["country", "iso_code"]).or_else(|| text(&path!["country_code"]));
            facts.city = text(&path!["city", "names", "en"]).or_else(|| text(&path!["city"]));
            let number = |path: &[maxminddb::PathElement<'_>]| found.decode_path::<f64>(path).ok().flatten();
            facts.latitude = number(&path!["location", "latitude"]);
            facts.longitude = number(&path!["location", "longitude"]);
        }
        if self.networks {
            facts.asn = found.decode_path::<u32>(&path!["autonomous_system_number"]).ok().flatten();
            facts.network = text(&path!["autonomous_system_organization"]);
        }
    }
}

struct Databases(Vec<Database>);

impl Geography for Databases {
    fn facts(&self, address: IpAddr) -> AddressFacts {
        let mut facts = AddressFacts::default();
        self.0.iter().for_each(|database| database.fill(address, &mut facts));
        facts
    }

    fn has_places(&self) -> bool {
        self.0.iter().any(|database| database.places)
    }

    fn has_networks(&self) -> bool {
        self.0.iter().any(|database| database.networks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_come_from_files_and_folders() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("tor-exits.txt", "198.51.100.7\n2001:db8::7 # an exit\n");
        write(
            "ip-ranges.json",
            r#"{"prefixes":[{"ip_prefix":"3.5.140.0/22"}],"ipv6_prefixes":[{"ipv6_prefix":"2600:1f18::/33"}]}"#,
        );
        write("notes.txt", "no list");
        write("trusted.txt", "203.0.113.0/24");
        let intel =
            load(&IntelRequest { lists: vec![folder.path().display().to_string()], ..Default::default() }).unwrap();
        assert!(intel.lists(Need::TorExits, "2001:db8::7") && intel.lists(Need::AwsRanges, "3.5.140.1"));
        assert!(intel.is_trusted("203.0.113.9".parse().unwrap()) && !intel.has(Need::Geo));
        let file = folder.path().join("notes.txt");
        let named =
            |word: String| load(&IntelRequest { lists: vec![word], ..Default::default() }).map(drop).unwrap_err();
        assert!(named(format!("tor-exits={}", file.display())).to_string().contains("line 1"));
        assert!(named(format!("tor-exit={}", file.display())).to_string().contains("tor-exit"));
        assert!(named("tor-exits=no/such/file".to_owned()).to_string().contains("no/such/file"));
        let database = IntelRequest { databases: vec![file], ..Default::default() };
        assert!(load(&database).is_err(), "a text is no database");
    }

    #[test]
    fn ranges_of_aws_are_read() {
        assert!(aws_ranges("{\"prefixes\":[]}", Path::new("x")).is_err());
        assert!(aws_ranges("{", Path::new("x")).is_err());
        assert_eq!(aws_ranges("3.0.0.0/8", Path::new("x")).unwrap(), "3.0.0.0/8");
    }
}
