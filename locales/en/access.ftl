# Questions to the recorded organization: who can do what.
access-yes = yes
access-conditional = conditional
access-undecidable = undecidable
access-no = no
access-everyone = everyone
access-every-account = every AWS account
access-outside = outside
access-unrecorded-account = account not recorded
access-service = service
access-federated = identity provider
access-root = root user
access-user = user
access-role = role
access-layer-scp = SCP
access-layer-rcp = RCP
access-layer-endpoint = VPC endpoint
access-layer-session = session policy
access-layer-resource = resource policy
access-layer-identity = identity policies
access-layer-boundary = permissions boundary
access-layer-grant = KMS grant
access-allows = allows
access-may-allow = may allow
access-does-not-allow = does not allow
access-denies = denies
access-may-deny = may deny
access-exempt-management = exempt: management account
access-exempt-service-linked = exempt: service-linked role
access-exempt-no-account = exempt: no principal of an account
access-exempt-root = exempt: root user
access-exempt-service = exempt: the service has no RCPs
access-exempt-aws-key = exempt: key of AWS
access-exempt-retire-grant = exempt: grants can always be retired
access-column-layer = Layer
access-column-target = Attached to
access-column-verdict = Says
access-column-statements = Statements
access-column-line = Line
access-column-answer = Can
access-column-principal = Principal
access-column-account-name = Account name
access-column-action = Action
access-column-level = Level
access-column-resource = Resource
access-column-granted = On
access-column-depends = Depends on
access-no-layers = no policy bears on this request
access-nobody = none of the { $asked } principals asked about can do it
access-nothing-granted = none of the { $asked } actions asked about is allowed
access-who-counts = { $asked } asked about: { $yes } yes, { $conditional } conditional, { $undecidable } undecidable
access-what-counts = { $asked } actions asked about: { $yes } yes, { $conditional } conditional, { $undecidable } undecidable
access-verdict-allowed = Decision: allowed
access-verdict-explicitly-denied = Decision: explicitly denied
access-verdict-implicitly-denied = Decision: implicitly denied
access-verdict-undecidable = Decision: undecidable; it depends on policies that were not recorded
access-missing-scp = Missing: an Allow in the SCPs attached to { $target }
access-missing-rcp = Missing: an Allow in the RCPs attached to { $target }
access-missing-endpoint = Missing: an Allow in the policy of the VPC endpoint
access-missing-boundary = Missing: an Allow in the permissions boundary
access-missing-session = Missing: an Allow in the session policy
access-missing-identity = Missing: an Allow in an identity policy of the principal
access-missing-resource = Missing: an Allow in the resource's policy
access-missing-identity-or-resource = Missing: an Allow in an identity policy of the principal or in the resource's policy
access-missing-delegation = Missing: the key policy or trust policy names neither the principal nor its account
access-rule-needs-no-permission = Rule: this call needs no permission
access-rule-aws-managed-policy = Rule: only AWS changes AWS managed policies
access-rule-aws-reserved-role = Rule: only AWS services change roles under /aws-reserved/
access-rule-aws-managed-alias = Rule: aliases that begin with alias/aws/ belong to AWS
access-rule-root-assumes-no-role = Rule: the root user cannot assume roles
access-rule-restrict-public-buckets = Rule: RestrictPublicBuckets is on and the bucket policy is public
access-unknown = Condition keys that were not given: { $keys }
access-unknown-matter = The decision may change with condition keys that were not given: { $keys }
access-unrecorded = Policies that were not recorded: { $names }
access-no-organization = no organization was recorded: SCPs and RCPs are not counted
access-gap-organization-policies =
    { $count ->
        [one] a policy of the organization was not recorded: { $names }
       *[other] { $count } policies of the organization were not recorded: { $names }
    }
access-gap-accounts =
    { $count ->
        [one] the principals of an account were not recorded: { $names }
       *[other] the principals of { $count } accounts were not recorded: { $names }
    }
access-gap-listings =
    { $count ->
        [one] the principals of an account could not be listed to the end: { $names }
       *[other] the principals of { $count } accounts could not be listed to the end: { $names }
    }
access-gap-managed =
    { $count ->
        [one] the document of a managed policy was not recorded: { $names }
       *[other] the documents of { $count } managed policies were not recorded: { $names }
    }
access-gap-groups =
    { $count ->
        [one] a group was not recorded: { $names }
       *[other] { $count } groups were not recorded: { $names }
    }
access-gap-principals =
    { $count ->
        [one] the policies of a principal could not be read: { $names }
       *[other] the policies of { $count } principals could not be read: { $names }
    }
access-gap-resources =
    { $count ->
        [one] the policy of a resource could not be read: { $names }
       *[other] the policies of { $count } resources could not be read: { $names }
    }
access-gap-unreadable =
    { $count ->
        [one] a document is no policy: { $names }
       *[other] { $count } documents are no policies: { $names }
    }
access-gap-faulty =
    { $count ->
        [one] a statement is not understood and counts for nothing (what a Deny was to close is open): { $names }
       *[other] { $count } statements are not understood and count for nothing (what a Deny was to close is open): { $names }
    }
access-gap-grants = the grants on { $name } were not recorded: they are not counted
access-bucket-behind = by an access point a request also needs the bucket's permission, which this answer leaves out: ask the same of { $bucket } with --context s3:DataAccessPointArn={ $point } --context s3:DataAccessPointAccount={ $account }
access-shares-apart = with whom { $name } is shared is not counted here: "haechi iam sharing" and "haechi iam external" tell it
access-gap-endpoint = the endpoint { $name } was not recorded: its policy is not counted
access-no-tree = the recorded organization cannot be understood
access-nothing = nothing was recorded of accounts and their principals
access-no-principal = { $name } was not recorded, and its account was
access-no-service = no action is known of the service { $names }
access-context = `{ $word }` is no condition key with a value
access-action = the action cannot be asked for
access-principal = the principal cannot be asked for
access-resource = `{ $word }` is no ARN
advice-record-org = record it first: haechi record --org, or haechi assess with AWS Config's files
advice-access-context = write key=value, such as aws:SourceIp=203.0.113.7
advice-access-action = write service:Name, such as s3:GetObject
advice-access-principal = write the ARN of a user, role or session, an account id, a service such as ec2.amazonaws.com, or '*'
advice-access-resource = write the ARN, such as arn:aws:s3:::notes/a.txt, or '*' for actions without a resource
access-resource-unrecorded = { $resource } was not recorded, so its own policy is not known: listed are those whom their own policies allow; { $left ->
        [one] { $left } other principal
       *[other] { $left } other principals
    } could be let in by it
