//! IAM of the stand-in for AWS: two roles, and the jobs that tell what they accessed when.

use haechi_model::Timestamp;

pub const OPERATIONS: [&str; 3] =
    ["GetAccountAuthorizationDetails", "GenerateServiceLastAccessedDetails", "GetServiceLastAccessedDetails"];

/// Its state. A job is under way when it is first asked for, then done, on two pages.
#[derive(Default)]
pub struct FakeIam {
    /// The ARNs of the jobs that were begun.
    pub jobs: Vec<String>,
    /// How often jobs were asked for.
    asked: usize,
    pub denies: bool,
    /// When the role was last used.
    pub used: Option<Timestamp>,
}

impl FakeIam {
    /// None: it is not allowed.
    pub fn answer(&mut self, operation: &str, text: &str) -> Option<String> {
        let body = match operation {
            "GetAccountAuthorizationDetails" => {
                let used = self.used.map(|used| format!("<LastUsedDate>{used}</LastUsedDate>")).unwrap_or_default();
                let roles =
                    role("/", "app", &used) + &role("/aws-service-role/ecs.amazonaws.com/", "AWSServiceRoleForECS", "");
                format!("<RoleDetailList>{roles}</RoleDetailList><IsTruncated>false</IsTruncated>")
            }
            _ if self.denies => return None,
            "GenerateServiceLastAccessedDetails" => {
                assert!(text.contains("Granularity=ACTION_LEVEL"), "{text}");
                let arn = text.split('&').find_map(|pair| pair.strip_prefix("Arn=")).expect("an ARN");
                self.jobs.push(arn.to_owned());
                self.asked = 0;
                "<JobId>11111111-2222-3333-4444-555555555555</JobId>".to_owned()
            }
            _ => {
                assert!(text.contains("JobId=11111111-2222-3333-4444-555555555555"), "{text}");
                self.asked += 1;
                self.job(text.contains("Marker=next"))
            }
        };
        Some(format!("<{operation}Response><{operation}Result>{body}</{operation}Result></{operation}Response>"))
    }

    fn job(&self, second: bool) -> String {
        if self.asked == 1 {
            return "<JobStatus>IN_PROGRESS</JobStatus><ServicesLastAccessed/>".to_owned();
        }
        let used = self.used.expect("a last use");
        let (services, more) = if second {
            let idle = "<member><ServiceName>Amazon SQS</ServiceName><ServiceNamespace>sqs</ServiceNamespace><TotalAuthenticatedEntities>0</TotalAuthenticatedEntities></member>";
            (idle.to_owned(), "<IsTruncated>false</IsTruncated>")
        } else {
            let s3 = format!(
                "<member><ServiceName>Amazon S3</ServiceName><ServiceNamespace>s3</ServiceNamespace>\
                 <LastAuthenticated>{used}</LastAuthenticated><TotalAuthenticatedEntities>1</TotalAuthenticatedEntities>\
                 <TrackedActionsLastAccessed><member><ActionName>PutBucketPolicy</ActionName></member>\
                 <member><ActionName>CreateBucket</ActionName><LastAccessedTime>{used}</LastAccessedTime></member>\
                 </TrackedActionsLastAccessed></member>"
            );
            (s3, "<IsTruncated>true</IsTruncated><Marker>next</Marker>")
        };
        format!(
            "<JobStatus>COMPLETED</JobStatus><JobType>ACTION_LEVEL</JobType>\
             <ServicesLastAccessed>{services}</ServicesLastAccessed>{more}"
        )
    }
}

fn role(path: &str, name: &str, last_used: &str) -> String {
    let policy = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%5B%22s3%3ACreateBucket%22%2C%22s3%3APutBucketPolicy%22%2C%22s3%3AGetObject%22%2C%22sqs%3ACreateQueue%22%5D%2C%22Resource%22%3A%22%2A%22%7D%7D";
    format!(
        "<member><Path>{path}</Path><RoleName>{name}</RoleName><RoleId>AROA{name}</RoleId>\
         <Arn>arn:aws:iam::123456789012:role{path}{name}</Arn><CreateDate>2024-01-02T03:04:05Z</CreateDate>\
         <AssumeRolePolicyDocument>%7B%7D</AssumeRolePolicyDocument><RolePolicyList><member>\
         <PolicyName>work</PolicyName><PolicyDocument>{policy}</PolicyDocument></member></RolePolicyList>\
         <RoleLastUsed>{last_used}</RoleLastUsed></member>"
    )
}
