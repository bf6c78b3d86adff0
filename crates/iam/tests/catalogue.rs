//! The table of actions and the rules for events, as the program ships them.

use haechi_iam::catalogue::{
    AccessLevel, ArnMatch, ArnSource, EventAction, EventResource, KeyType, KeyValues, NoPermission, Unlogged,
    UnloggedRules,
};
use haechi_iam::{Catalogue, EventRules};
use serde_json::json;

fn text(name: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../content/iam").join(name);
    std::fs::read_to_string(path).unwrap()
}

fn catalogue() -> Catalogue {
    Catalogue::read(text("actions.txt")).unwrap()
}

#[test]
fn actions_are_found_in_any_letter_case() {
    let catalogue = catalogue();
    let action = catalogue.action("S3:getobject").unwrap();
    assert_eq!(action.full_name(), "s3:GetObject");
    assert_eq!(action.level(), AccessLevel::Read);
    assert_eq!(action.service().name(), "Amazon S3");
    assert!(action.resources().any(|resource| resource.resource_type().name() == "object"));
    assert!(action.supports_key("s3:ExistingObjectTag/team") && !action.supports_key("s3:max-keys"));
    assert!(catalogue.action("s3:GetObjects").is_none() && catalogue.action("nothing").is_none());
    assert_eq!(catalogue.action("iam:PassRole").unwrap().level(), AccessLevel::Write);
    assert_eq!(catalogue.action("s3:ListAllMyBuckets").unwrap().resources().len(), 0);
    let dependents: Vec<_> = catalogue.action("ec2:RunInstances").unwrap().dependent_actions().collect();
    assert!(dependents.contains(&"iam:PassRole"), "{dependents:?}");
    for service in catalogue.services() {
        assert_eq!(catalogue.service(service.prefix()).unwrap().prefix(), service.prefix());
        for action in service.actions() {
            assert_eq!(catalogue.action(&action.full_name()), Some(action));
        }
    }
    assert!(catalogue.action_count() > 20_000 && catalogue.services().len() > 400);
}

#[test]
fn questions_are_told_what_the_table_knows() {
    let catalogue = catalogue();
    let wildcard_only = |action: &str| catalogue.asked(action).map(|action| action.is_wildcard_only());
    assert_eq!(wildcard_only("s3:ListAllMyBuckets"), Ok(true));
    assert_eq!(wildcard_only("S3:listallmybuckets"), Ok(true));
    assert_eq!(wildcard_only("s3:GetObject"), Ok(false));
    assert_eq!(wildcard_only("s3:BrandNewAction"), Ok(false));
    assert!(wildcard_only("s3:Get*").is_err());
    // What one action at a time says, and all of them together.
    for action in catalogue.services().flat_map(|service| service.actions()) {
        let asked = catalogue.asked(&action.full_name()).unwrap();
        assert_eq!(Some(&asked), action.to_action().as_ref());
    }
    for key in ["aws:TagKeys", "AWS:calledvia", "aws:PrincipalOrgPaths", "dynamodb:LeadingKeys", "events:Metadata/team"]
    {
        assert!(catalogue.is_many_valued(key), "{key}");
    }
    for key in ["aws:CalledViaFirst", "aws:SourceIp", "aws:PrincipalTag/team", "s3:prefix", "dynamodb:LeadingKey", ""] {
        assert!(!catalogue.is_many_valued(key), "{key}");
    }
    for key in catalogue.services().flat_map(|service| service.keys()).chain(catalogue.global_keys()) {
        assert!(key.values() == KeyValues::One || catalogue.is_many_valued(key.name()), "{}", key.name());
    }
}

#[test]
fn patterns_expand() {
    let catalogue = catalogue();
    let names = |pattern: &str| catalogue.expand(pattern).map(|action| action.to_string()).collect::<Vec<_>>();
    assert_eq!(names("s3:PutObject"), ["s3:PutObject"]);
    assert_eq!(names("s3:putobjectt*"), ["s3:PutObjectTagging"]);
    assert_eq!(names("kms:*crypt"), ["kms:Decrypt", "kms:Encrypt"]);
    assert_eq!(names("*").len(), catalogue.action_count());
    assert_eq!(names("*:*").len(), catalogue.action_count());
    assert!(names("s*:GetObject").contains(&"s3-object-lambda:GetObject".to_owned()));
    assert!(names("s3").is_empty() && names("").is_empty() && names("nosuch:*").is_empty());
}

#[test]
fn condition_keys_have_types() {
    let catalogue = catalogue();
    let key = catalogue.condition_key("AWS:sourceip").unwrap();
    assert_eq!((key.name(), key.kind(), key.values()), ("aws:SourceIp", KeyType::IpAddress, KeyValues::One));
    assert_eq!(catalogue.condition_key("aws:PrincipalTag/team").unwrap().kind(), KeyType::String);
    assert_eq!(catalogue.condition_key("aws:TagKeys").unwrap().values(), KeyValues::Many);
    assert_eq!(catalogue.condition_key("s3:max-keys").unwrap().kind(), KeyType::Numeric);
    assert!(catalogue.condition_key("saml:aud").is_some());
    assert!(catalogue.condition_key("secretsmanager:ResourceTag/team").is_some());
    assert!(catalogue.condition_key("s3:ExistingObjectTag/team").is_some());
    assert!(catalogue.condition_key("token.actions.githubusercontent.com:repository").is_some());
    assert!(catalogue.condition_key("aws:NoSuchKey").is_none());
}

#[test]
fn arns_are_compared_with_templates() {
    let catalogue = catalogue();
    let service = catalogue.service("s3").unwrap();
    let object = service.resource_types().find(|one| one.name() == "object").unwrap().arn();
    for (pattern, expected) in [
        ("arn:aws:s3:::notes/a", ArnMatch::Some),
        ("arn:aws:s3:::notes/*", ArnMatch::Some),
        ("arn:aws:s3:::*", ArnMatch::Some),
        ("*", ArnMatch::Some),
        ("arn:aws:s3:::${aws:username}/x", ArnMatch::Some),
        ("arn:aws:s3:::notes", ArnMatch::None),
        ("arn:aws:sqs:::notes/a", ArnMatch::None),
    ] {
        assert_eq!(object.meets(pattern), expected, "{pattern}");
    }
}

/// That a text with fewer parts is none of a type's ARNs rests on it.
#[test]
fn templates_have_all_parts() {
    let catalogue = catalogue();
    for kind in catalogue.services().flat_map(|service| service.resource_types()) {
        let template = kind.arn().as_str();
        assert!(!template.starts_with("arn:") || template.matches(':').count() >= 5, "{template}");
    }
}

#[test]
fn the_table_is_read_in_a_few_milliseconds() {
    let text = text("actions.txt");
    let best = (0..5).map(|_| {
        let (text, start) = (text.clone(), std::time::Instant::now());
        Catalogue::read(text).unwrap();
        start.elapsed()
    });
    let best = best.min().unwrap();
    println!("the table is read in {best:?}");
    // Ten milliseconds in a release build; tests run unoptimized and beside others.
    assert!(best.as_millis() < 200, "{best:?}");
}

#[test]
fn a_broken_table_is_refused_with_its_line() {
    for (text, line) in [
        ("", 1),
        ("hello", 1),
        ("!haechi-iam-data\t2\n", 1),
        ("!haechi-iam-data\t1\nAGet\tR\n", 2),
        ("!haechi-iam-data\t1\nStoy\tToy\nAGet\tX\n", 3),
        ("!haechi-iam-data\t1\nStoy\tToy\nAGet\tR\t0\n", 3),
        ("!haechi-iam-data\t1\nStoy\tToy\nAGet\tR\nAEnd\tR\n", 4),
        ("!haechi-iam-data\t1\nSb\tB\nSa\tA\n", 3),
    ] {
        assert_eq!(Catalogue::read(text.to_owned()).unwrap_err().line, line, "{text:?}");
    }
    assert!(Catalogue::read("!haechi-iam-data\t1\nZlater kinds of lines\nStoy\tToy\n").is_ok());
}

#[test]
fn the_rules_for_events_name_what_there_is() {
    let catalogue = catalogue();
    let rules = EventRules::read(&text("events.txt")).unwrap();
    let unknown: Vec<_> = rules.actions().filter(|action| catalogue.action(action).is_none()).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    let unknown: Vec<_> = rules
        .resource_types()
        .filter(|(service, kind)| {
            !catalogue.service(service).is_some_and(|one| one.resource_types().any(|one| one.name() == *kind))
        })
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn the_rules_for_what_is_not_logged_name_what_there_is() {
    let catalogue = catalogue();
    let rules = UnloggedRules::read(&text("unlogged.txt")).unwrap();
    let unknown: Vec<String> = rules.patterns().filter(|pattern| catalogue.expand(pattern).next().is_none()).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    for (action, expected) in [
        ("s3:GetObject", Some(Unlogged::DataEvents)),
        ("s3:GetBucketPolicy", None),
        ("lambda:InvokeFunction", Some(Unlogged::DataEvents)),
        ("lambda:CreateFunction", None),
        ("iam:PassRole", Some(Unlogged::Never)),
        ("dax:GetItem", Some(Unlogged::Never)),
    ] {
        assert_eq!(rules.of(catalogue.action(action).unwrap()), expected, "{action}");
    }
    for (text, line) in [("what s3 X", 1), ("\ndata s3", 2), ("never", 1)] {
        assert_eq!(UnloggedRules::read(text).unwrap_err().line, line, "{text}");
    }
}

#[test]
fn events_name_resources_of_several_types() {
    let catalogue = catalogue();
    let rules = EventRules::read(&text("events.txt")).unwrap();
    let event = json!({"awsRegion": "eu-west-1", "recipientAccountId": "111122223333",
        "requestParameters": {"bucketName": "notes", "key": "a", "instanceId": "i-1", "volumeId": "vol-1"},
        "resources": [{"ARN": "arn:aws:s3:::notes"}, {"ARN": "arn:aws:s3:::notes/a/b"}, {"ARN": "arn:aws:s3:::notes/a/c"}]});
    let named = |action: &str| -> Vec<(String, String)> {
        let action = catalogue.action(action).unwrap();
        let found = rules.resources(action, &action.service().arn_forms(), &event);
        found.into_iter().map(|one| (one.kind.name().to_owned(), one.arn)).collect()
    };
    let object = |key: &str| ("object".to_owned(), format!("arn:aws:s3:::notes/{key}"));
    assert_eq!(named("s3:GetObject"), [object("a/b"), object("a/c")]);
    assert_eq!(named("s3:ListBucket"), [("bucket".to_owned(), "arn:aws:s3:::notes".to_owned())]);
    let ec2 = |kind: &str, id: &str| (kind.to_owned(), format!("arn:aws:ec2:eu-west-1:111122223333:{kind}/{id}"));
    assert_eq!(named("ec2:AttachVolume"), [ec2("instance", "i-1"), ec2("volume", "vol-1")]);
    assert_eq!(named("ec2:DescribeInstances"), []);
    // Parameters of Systems Manager have a slash before their name in ARNs, whether they have one or not.
    for name in ["/app/db", "app/db"] {
        let event = json!({"awsRegion": "eu-west-1", "recipientAccountId": "111122223333", "requestParameters": {"name": name}});
        let action = catalogue.action("ssm:GetParameter").unwrap();
        let found = rules.resources(action, &action.service().arn_forms(), &event);
        assert_eq!(found[0].arn, "arn:aws:ssm:eu-west-1:111122223333:parameter/app/db");
    }
}

#[test]
fn events_become_actions() {
    let catalogue = catalogue();
    let rules = EventRules::read(&text("events.txt")).unwrap();
    let nothing = json!({});
    let version = json!({"requestParameters": {"versionId": "v1"}});
    for (source, name, fields, expected) in [
        ("s3.amazonaws.com", "ListObjects", &nothing, "s3:ListBucket"),
        ("s3.amazonaws.com", "HeadObject", &nothing, "s3:GetObject"),
        ("s3.amazonaws.com", "GetObject", &nothing, "s3:GetObject"),
        ("s3.amazonaws.com", "GetObject", &version, "s3:GetObjectVersion"),
        ("s3.amazonaws.com", "ListBuckets", &nothing, "s3:ListAllMyBuckets"),
        ("monitoring.amazonaws.com", "PutMetricAlarm", &nothing, "cloudwatch:PutMetricAlarm"),
        ("lambda.amazonaws.com", "CreateFunction20150331", &nothing, "lambda:CreateFunction"),
        ("lambda.amazonaws.com", "ListFunctions20150331", &nothing, "lambda:ListFunctions"),
        ("lambda.amazonaws.com", "UpdateFunctionCode20150331v2", &nothing, "lambda:UpdateFunctionCode"),
        ("lambda.amazonaws.com", "Invoke", &nothing, "lambda:InvokeFunction"),
        ("cloudfront.amazonaws.com", "CreateDistribution2020_05_31", &nothing, "cloudfront:CreateDistribution"),
        ("apigateway.amazonaws.com", "CreateRestApi", &nothing, "apigateway:POST"),
        ("apigateway.amazonaws.com", "GetRestApis", &nothing, "apigateway:GET"),
        ("sts.amazonaws.com", "AssumeRole", &nothing, "sts:AssumeRole"),
        ("dynamodb.amazonaws.com.cn", "GetItem", &nothing, "dynamodb:GetItem"),
        ("kms.amazonaws.com", "Decrypt", &nothing, "kms:Decrypt"),
        ("tagging.amazonaws.com", "GetResources", &nothing, "tag:GetResources"),
        (
            "autoscaling.amazonaws.com",
            "RegisterScalableTarget",
            &nothing,
            "application-autoscaling:RegisterScalableTarget",
        ),
        ("budgets.amazonaws.com", "DescribeBudgets", &nothing, "budgets:ViewBudget"),
    ] {
        let action = catalogue.action(expected).unwrap();
        assert_eq!(rules.action(&catalogue, source, name, fields), EventAction::Known(action), "{source} {name}");
    }
    let action =
        |source: &str, name: &str, fields: serde_json::Value| match rules.action(&catalogue, source, name, &fields) {
            EventAction::Known(action) => action.to_string(),
            EventAction::Several(actions) => actions.iter().map(ToString::to_string).collect::<Vec<_>>().join("+"),
            EventAction::OneOf(actions) => actions.iter().map(ToString::to_string).collect::<Vec<_>>().join("|"),
            EventAction::NoPermission(reason) => reason.as_str().to_owned(),
            EventAction::Unknown => "?".to_owned(),
        };
    assert_eq!(action("s3.amazonaws.com", "CopyObject", json!({})), "s3:PutObject+s3:GetObject");
    assert_eq!(action("kms.amazonaws.com", "ReEncrypt", json!({})), "kms:ReEncryptFrom+kms:ReEncryptTo");
    assert!(action("dynamodb.amazonaws.com", "ExecuteStatement", json!({})).starts_with("dynamodb:PartiQLSelect|"));
    assert_eq!(action("signin.amazonaws.com", "ConsoleLogin", json!({"eventType": "AwsConsoleSignIn"})), "sign-in");
    assert_eq!(action("signin.amazonaws.com", "SwitchRole", json!({})), "sign-in");
    assert_eq!(action("sts.amazonaws.com", "GetCallerIdentity", json!({})), NoPermission::AlwaysAllowed.as_str());
    assert_eq!(action("kms.amazonaws.com", "RotateKey", json!({"eventType": "AwsServiceEvent"})), "service-event");
    assert_eq!(action("nosuch.amazonaws.com", "Do", json!({})), "?");
    assert_eq!(action("s3.amazonaws.com", "NoSuchCall", json!({})), "?");
}

#[test]
fn events_tell_their_resource() {
    let catalogue = catalogue();
    let rules = EventRules::read(&text("events.txt")).unwrap();
    let event = |parameters: serde_json::Value| json!({"awsRegion": "eu-west-1", "recipientAccountId": "111122223333", "requestParameters": parameters});
    let arn = |arn: &str, source| EventResource::Arn { arn: arn.to_owned(), source };
    let key = "arn:aws:kms:eu-west-1:111122223333:key/4f7a";
    for (action, parameters, expected) in [
        ("s3:GetObject", json!({"bucketName": "notes", "key": "a/b"}), arn("arn:aws:s3:::notes/a/b", ArnSource::Built)),
        ("s3:ListBucket", json!({"bucketName": "notes"}), arn("arn:aws:s3:::notes", ArnSource::Built)),
        ("s3:ListAllMyBuckets", json!({}), EventResource::Everything),
        (
            "iam:CreateAccessKey",
            json!({"userName": "mina"}),
            arn("arn:aws:iam::111122223333:user/mina", ArnSource::Guessed),
        ),
        (
            "iam:GetPolicy",
            json!({"policyArn": "arn:aws:iam::aws:policy/X"}),
            arn("arn:aws:iam::aws:policy/X", ArnSource::Told),
        ),
        ("kms:DescribeKey", json!({"keyId": "4f7a"}), arn(key, ArnSource::Built)),
        ("kms:DescribeKey", json!({"keyId": key}), arn(key, ArnSource::Told)),
        ("kms:DescribeKey", json!({"keyId": "alias/a"}), EventResource::Unknown),
        (
            "lambda:InvokeFunction",
            json!({"functionName": "f"}),
            arn("arn:aws:lambda:eu-west-1:111122223333:function:f", ArnSource::Built),
        ),
        (
            "dynamodb:GetItem",
            json!({"tableName": "t"}),
            arn("arn:aws:dynamodb:eu-west-1:111122223333:table/t", ArnSource::Built),
        ),
        (
            "ec2:TerminateInstances",
            json!({"instancesSet": {"items": [{"instanceId": "i-1"}]}}),
            arn("arn:aws:ec2:eu-west-1:111122223333:instance/i-1", ArnSource::Built),
        ),
        (
            "sts:AssumeRole",
            json!({"roleArn": "arn:aws:iam::444455556666:role/r"}),
            arn("arn:aws:iam::444455556666:role/r", ArnSource::Told),
        ),
        ("secretsmanager:GetSecretValue", json!({}), EventResource::Unknown),
    ] {
        let found = rules.resource(catalogue.action(action).unwrap(), &event(parameters.clone()));
        assert_eq!(found, expected, "{action} {parameters}");
    }
    // What the event tells counts before what can be built, and the object before its bucket.
    let mut told = event(json!({"bucketName": "notes", "key": "a"}));
    told["resources"] = json!([{"ARN": "arn:aws:s3:::notes"}, {"ARN": "arn:aws:s3:::notes/a"}]);
    let found = rules.resource(catalogue.action("s3:GetObject").unwrap(), &told);
    assert_eq!(found, arn("arn:aws:s3:::notes/a", ArnSource::Told));
}

/// All calls of the public attack logs are known.
#[test]
fn the_events_of_the_corpus_are_known() {
    let Some(corpus) = std::env::var_os("HAECHI_CORPUS") else {
        eprintln!("skipped: HAECHI_CORPUS is not set");
        return;
    };
    let catalogue = catalogue();
    let rules = EventRules::read(&text("events.txt")).unwrap();
    let (mut unknown, mut count, mut with_resource, mut without) = (std::collections::BTreeMap::new(), 0, 0, 0);
    for file in std::fs::read_dir(std::path::Path::new(&corpus).join("cloudtrail")).unwrap() {
        let Ok(text) = std::fs::read_to_string(file.unwrap().path()) else { continue };
        let Ok(log) = serde_json::from_str::<serde_json::Value>(&text) else { continue };
        for event in log["Records"].as_array().into_iter().flatten() {
            count += 1;
            let (source, name) = (event["eventSource"].as_str().unwrap(), event["eventName"].as_str().unwrap());
            match rules.action(&catalogue, source, name, event) {
                EventAction::Unknown => *unknown.entry(format!("{source} {name}")).or_insert(0) += 1,
                EventAction::Known(action) => match rules.resource(action, event) {
                    EventResource::Unknown => {
                        without += 1;
                        *unknown.entry(format!("resource of {action}")).or_insert(0) += 0;
                    }
                    _ => with_resource += 1,
                },
                _ => {}
            }
        }
    }
    println!("{count} events, {with_resource} with a resource, {without} without; {unknown:#?}");
    assert!(count > 2_000);
    unknown.retain(|_, count| *count > 0);
    assert!(unknown.is_empty(), "{unknown:?}");
}
