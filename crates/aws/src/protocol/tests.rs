//! Requests as they are written and answers as they are read, a few of each protocol, by hand.

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::{Request, build, parse};
use crate::shapes;

fn built(service: &str, operation: &str, input: &Value) -> Result<Request, String> {
    let model = shapes::service(service).unwrap();
    let found = &model.operations[operation];
    build(model, operation, found, input.as_object().unwrap())
}

fn read(service: &str, operation: &str, headers: &[(&str, &str)], body: &str) -> Result<Value, String> {
    let model = shapes::service(service).unwrap();
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    parse(model, &model.operations[operation], 200, &map, body.as_bytes())
}

#[test]
fn form_bodies() {
    let check = |service: &str, operation: &str, input: Value, want: &str| {
        let request = built(service, operation, &input).unwrap();
        let (line, body) = (format!("{} {}", request.method, request.path), request.body);
        assert_eq!(line, "POST /");
        assert_eq!(String::from_utf8(body).unwrap(), want);
    };
    check(
        "iam",
        "ListUsers",
        json!({"PathPrefix": "/a b/", "MaxItems": 5, "Marker": null}),
        "Action=ListUsers&Version=2010-05-08&PathPrefix=%2Fa%20b%2F&MaxItems=5",
    );
    check(
        "iam",
        "GetAccountAuthorizationDetails",
        json!({"Filter": ["User", "Role"]}),
        "Action=GetAccountAuthorizationDetails&Version=2010-05-08&Filter.member.1=User&Filter.member.2=Role",
    );
    check(
        "ec2",
        "DescribeInstances",
        json!({"Filters": [{"Name": "tag:a", "Values": ["x", "ü"]}], "InstanceIds": ["i-1"]}),
        "Action=DescribeInstances&Version=2016-11-15&Filter.1.Name=tag%3Aa&Filter.1.Value.1=x&Filter.1.Value.2=%C3%BC&InstanceId.1=i-1",
    );
    check(
        "rds",
        "DescribeDBInstances",
        json!({"Filters": [{"Name": "engine", "Values": ["mysql"]}]}),
        "Action=DescribeDBInstances&Version=2014-10-31&Filters.Filter.1.Name=engine&Filters.Filter.1.Values.Value.1=mysql",
    );
    check(
        "elbv2",
        "DescribeTags",
        json!({"ResourceArns": ["a"]}),
        "Action=DescribeTags&Version=2015-12-01&ResourceArns.member.1=a",
    );
}

#[test]
fn json_bodies() {
    let request = built("kms", "DescribeKey", &json!({"KeyId": "k"})).unwrap();
    assert_eq!(request.body, br#"{"KeyId":"k"}"#);
    let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", "TrentService.DescribeKey")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(request.headers, headers);
    // Members have other names on the wire here.
    let input = json!({"logGroupNamePrefix": "/aws", "limit": 3});
    let request = built("logs", "DescribeLogGroups", &input).unwrap();
    assert_eq!(request.body, br#"{"logGroupNamePrefix":"/aws","limit":3}"#);
}

#[test]
fn paths_and_queries() {
    let check = |service: &str, operation: &str, input: Value, want: &str| {
        let request = built(service, operation, &input).unwrap();
        let query = if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
        let line = format!("{} {}{query}", request.method, request.path);
        assert_eq!(line, want);
        assert!(request.body.is_empty(), "{want} has a body");
    };
    check("s3", "GetBucketPolicy", json!({"Bucket": "b"}), "GET /b?policy");
    check("s3", "GetObject", json!({"Bucket": "b", "Key": "a/../ü +~.txt"}), "GET /b/a/../%C3%BC%20%2B~.txt");
    check(
        "s3",
        "ListObjectsV2",
        json!({"Bucket": "b", "MaxKeys": 2, "Prefix": "x/&"}),
        "GET /b?list-type=2&max-keys=2&prefix=x%2F%26",
    );
    check(
        "lambda",
        "GetPolicy",
        json!({"FunctionName": "arn:aws:x/y"}),
        "GET /2015-03-31/functions/arn%3Aaws%3Ax%2Fy/policy",
    );
    check("lambda", "ListFunctions", json!({}), "GET /2015-03-31/functions");
    check("guardduty", "ListDetectors", json!({"MaxResults": 7}), "GET /detector?maxResults=7");
}

#[test]
fn headers_and_host_names() {
    let input = json!({"AccountId": "111122223333"});
    let request = built("s3control", "GetPublicAccessBlock", &input).unwrap();
    assert_eq!(request.host_prefix.as_deref(), Some("111122223333."));
    let header = ("x-amz-account-id".to_owned(), "111122223333".to_owned());
    assert_eq!(request.headers, [header]);
}

#[test]
fn inputs_that_do_not_fit() {
    let check = |service: &str, operation: &str, input: Value, want: &str| {
        let error = built(service, operation, &input).unwrap_err();
        assert!(error.contains(want), "{error}");
    };
    check("ec2", "DescribeVpcs", json!({"VpcId": ["v"]}), "no input member `VpcId`");
    check("ec2", "DescribeVpcs", json!({"VpcIds": "v"}), "must be a list");
    check("ec2", "DescribeVpcs", json!({"Filters": [{"name": "x"}]}), "no input member");
    check("s3", "GetBucketAcl", json!({}), "`Bucket` is missing");
    check("s3", "GetBucketAcl", json!({"Bucket": ""}), "is empty");
    check("kms", "DescribeKey", json!({"KeyId": 5}), "must be a text");
    check("s3control", "GetPublicAccessBlock", json!({"AccountId": "evil.example/"}), "letters, digits");
    check("s3control", "GetPublicAccessBlock", json!({}), "host name");
}

#[test]
fn query_answers() {
    let body = "<ListUsersResponse xmlns='https://iam.amazonaws.com/doc/2010-05-08/'><ListUsersResult>
        <IsTruncated>false</IsTruncated><Users>
        <member><UserName>a &amp; b</UserName><CreateDate>2026-01-31T01:02:03Z</CreateDate><PasswordLastUsed/>
          <Tags><member><Key>k</Key><Value></Value></member></Tags></member>
        <member><UserName>&#xAC00;</UserName></member></Users></ListUsersResult></ListUsersResponse>";
    let want = json!({
        "Users": [
            {"UserName": "a & b", "CreateDate": "2026-01-31T01:02:03Z", "Tags": [{"Key": "k", "Value": ""}]},
            {"UserName": "가"},
        ],
        "IsTruncated": false,
    });
    assert_eq!(read("iam", "ListUsers", &[], body), Ok(want));
    let body = "<R><GetAccountSummaryResult><SummaryMap><entry><key>Users</key><value>3</value></entry></SummaryMap></GetAccountSummaryResult></R>";
    let want = json!({"SummaryMap": {"Users": 3}});
    assert_eq!(read("iam", "GetAccountSummary", &[], body), Ok(want));
}

#[test]
fn ec2_answers() {
    let body = "<?xml version='1.0'?><!-- c --><DescribeVolumesResponse><requestId>r</requestId><volumeSet><item>
        <volumeId>v</volumeId><size>8</size><encrypted>true</encrypted><attachmentSet/></item></volumeSet></DescribeVolumesResponse>";
    let want = json!({"Volumes": [
        {"VolumeId": "v", "Size": 8, "Encrypted": true, "Attachments": []},
    ]});
    let found = read("ec2", "DescribeVolumes", &[], body).unwrap();
    assert_eq!(found, want);
}

#[test]
fn json_answers() {
    let body =
        r#"{"KeyMetadata":{"KeyId":"k","CreationDate":1.769821323E9,"Enabled":true,"Unknown":1,"Description":null}}"#;
    let want = json!({"KeyMetadata": {"KeyId": "k", "CreationDate": "2026-01-31T01:02:03Z", "Enabled": true}});
    let found = read("kms", "DescribeKey", &[], body).unwrap();
    assert_eq!(found, want);
    // rest-json: the wire's names are the model's locationNames.
    let body = r#"{"detectorIds":["d"],"nextToken":""}"#;
    let want = json!({"DetectorIds": ["d"], "NextToken": ""});
    assert_eq!(read("guardduty", "ListDetectors", &[], body), Ok(want));
}

#[test]
fn rest_xml_answers() {
    let acl = "<AccessControlPolicy xmlns='http://s3.amazonaws.com/doc/2006-03-01/'><Owner><ID>o</ID></Owner><AccessControlList>
        <Grant><Grantee xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:type='Group'><URI>u</URI></Grantee>
        <Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>";
    let want = json!({
        "Owner": {"ID": "o"},
        "Grants": [{"Grantee": {"Type": "Group", "URI": "u"}, "Permission": "READ"}],
    });
    assert_eq!(read("s3", "GetBucketAcl", &[], acl), Ok(want));
    let policy = r#"{"Version":"2012-10-17"}"#;
    assert_eq!(read("s3", "GetBucketPolicy", &[], policy), Ok(json!({"Policy": policy})));
    let location = "<LocationConstraint xmlns='x'>eu-west-1</LocationConstraint>";
    let want = json!({"LocationConstraint": "eu-west-1"});
    assert_eq!(read("s3", "GetBucketLocation", &[], location), Ok(want));
    let none = "<LocationConstraint xmlns='x'/>";
    assert_eq!(read("s3", "GetBucketLocation", &[], none), Ok(json!({})));
    let rules = "<LifecycleConfiguration><Rule><ID>1</ID><Status>Enabled</Status></Rule><Rule><ID>2</ID></Rule></LifecycleConfiguration>";
    let want = json!({"Rules": [{"ID": "1", "Status": "Enabled"}, {"ID": "2"}]});
    assert_eq!(read("s3", "GetBucketLifecycleConfiguration", &[], rules), Ok(want));
}

#[test]
fn headers_of_answers() {
    let headers =
        [("content-length", "5"), ("last-modified", "Sat, 31 Jan 2026 01:02:03 GMT"), ("x-amz-meta-who", "me")];
    let want = json!({
        "Body": "aGVsbG8=",
        "LastModified": "2026-01-31T01:02:03Z",
        "ContentLength": 5,
        "Metadata": {"who": "me"},
    });
    assert_eq!(read("s3", "GetObject", &headers, "hello").unwrap(), want);
}

#[test]
fn answers_that_do_not_fit_are_errors() {
    let check = |service: &str, operation: &str, body: &str, want: &str| {
        let error = read(service, operation, &[], body).unwrap_err();
        assert!(error.contains(want), "{error}");
    };
    check("iam", "ListUsers", "", "XML");
    check("iam", "ListUsers", "<a><b>", "XML");
    check("iam", "ListUsers", "<a></b>", "XML");
    check("iam", "ListUsers", "<Other/>", "ListUsersResult");
    check("kms", "DescribeKey", "<html>", "not JSON");
    check("kms", "DescribeKey", r#"{"KeyMetadata":[]}"#, "`KeyMetadata`");
    check("kms", "ListKeys", r#"{"Keys":{}}"#, "`Keys`");
    check("lambda", "GetPolicy", "[]", "not a JSON object");
    check("ec2", "DescribeVolumes", "<R><volumeSet><item><size>x</size></item></volumeSet></R>", "whole number");
    check("ec2", "DescribeVolumes", &"<a>".repeat(100_000), "nested");
    check("kms", "DescribeKey", &"[".repeat(100_000), "not JSON");
}

proptest::proptest! {
    /// Whatever a server sends, reading it ends in a value or an error.
    #[test]
    fn reading_never_panics(body in "\\PC{0,200}", tags in "(<[a-zA-Z]{1,12}>|</[a-zA-Z]{1,12}>|&[a-z#0-9]{0,8};|[a-z0-9:T-]{0,9}){0,60}") {
        for (service, operation) in shapes::operations() {
            let _ = read(service, operation, &[], &body);
            let _ = read(service, operation, &[], &tags);
        }
    }
}
