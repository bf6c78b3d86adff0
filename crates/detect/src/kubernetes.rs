//! A question that a detection asks of a pod's spec with the modifier `|mounts`: is one of these paths of the node
//! mounted so that a container may write to it?

use haechi_model::event::Json;

/// True when a container mounts a `hostPath` volume that `sensitive` names, and not read-only.
pub(crate) fn mounts_writable(spec: Json<'_>, sensitive: &mut dyn FnMut(&str) -> bool) -> bool {
    let Some(volumes) = spec.get("volumes") else { return false };
    let named: Vec<_> = volumes
        .elements()
        .filter(|volume| {
            let path = volume.get("hostPath").and_then(|host| host.get("path")).and_then(Json::text);
            path.is_some_and(|path| sensitive(tidy(&path)))
        })
        .filter_map(|volume| volume.get("name").and_then(Json::text))
        .collect();
    if named.is_empty() {
        return false;
    }
    let containers = ["containers", "initContainers", "ephemeralContainers"];
    containers.into_iter().filter_map(|kind| spec.get(kind)).flat_map(Json::elements).any(|container| {
        container.get("volumeMounts").into_iter().flat_map(Json::elements).any(|mount| {
            let read_only = mount.get("readOnly").and_then(Json::as_bool) == Some(true);
            !read_only && mount.get("name").and_then(Json::text).is_some_and(|name| named.contains(&name))
        })
    })
}

/// `/etc/` is `/etc`.
fn tidy(path: &str) -> &str {
    let tidy = path.trim_end_matches('/');
    if tidy.is_empty() && !path.is_empty() { "/" } else { tidy }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(spec: &str, expected: bool) {
        let spec = Json::parse(spec).unwrap();
        let mut sensitive = |path: &str| path == "/" || path == "/etc";
        assert_eq!(mounts_writable(spec, &mut sensitive), expected, "{spec:?}");
    }

    #[test]
    fn mounts_are_found() {
        let volumes = r#""volumes":[{"name":"data","emptyDir":{}},{"name":"host","hostPath":{"path":"/etc/"}}]"#;
        let with = |kind: &str, mount: &str| format!(r#"{{"{kind}":[{{"volumeMounts":[{mount}]}}],{volumes}}}"#);
        check(&with("containers", r#"{"name":"host","mountPath":"/x"}"#), true);
        check(&with("initContainers", r#"{"name":"data"},{"name":"host","readOnly":false}"#), true);
        check(&with("containers", r#"{"name":"host","readOnly":true}"#), false);
        check(&with("containers", r#"{"name":"data"}"#), false);
        check(
            r#"{"containers":[{"volumeMounts":[{"name":"a"}]}],"volumes":[{"name":"a","hostPath":{"path":"//"}}]}"#,
            true,
        );
        check(r#"{"containers":"x","volumes":[{"name":"a","hostPath":{"path":""}}]}"#, false);
        check("[]", false);
        check("{}", false);
    }
}
