# What commands print.
column-title = Title
column-finding = Finding
column-why = Why it matters
column-parameter = Parameter
column-type = Resource type
column-ou = Organizational unit
column-reopened = Came back
column-evidence = Evidence
column-fix = How to fix
column-fix-ssm = SSM document
column-fix-calls = API calls
column-references = References
column-controls = Controls
column-comment = Comment
column-number = No.
column-filter = Filter
column-expires = Expires
column-subject = About
column-at = On
column-who = By
column-logic = Logic
column-applies = Applies when
column-check = Compliant when
column-examples = Examples
column-pack = Conformance pack
column-source = Source
column-rules = Rules
column-implemented = Implemented
column-process-checks = Process checks
column-not-implemented = Not implemented
column-parameters = Parameters
column-captured = Captured
column-name = Name
column-value = Value
column-check-name = Check
column-result = Result
column-detail = Detail
list-page = { $shown } of { $total } rows; --page N shows more, --limit 0 all.
list-nothing = Nothing to show.
list-no-findings = No finding matches.
list-no-suppressions = Nothing is suppressed.
list-no-attestations = No attestation stands.
list-no-packs = No pack was assessed yet.
list-no-resources = No resource matches.
status-open = open
status-resolved = resolved
suppression-stands = in force
suppression-ended = ended
all-accounts = all accounts
exported = Wrote { $path }
interrupted = interrupted: what was collected until then is kept and judged
assigned = Assigned.
commented = Comment added.
lifted = Suppression { $number } ended.
suppressed-now = Suppression { $number } covers { $count ->
    [one] { $count } open finding
   *[other] { $count } open findings
} now.
attested-now = { $subject } is attested until { $until }.
content-checked = { $rules ->
    [one] { $rules } rule
   *[other] { $rules } rules
}, { $detections ->
    [one] { $detections } detection
   *[other] { $detections } detections
}, { $playbooks ->
    [one] { $playbooks } playbook
   *[other] { $playbooks } playbooks
}, { $examples ->
    [one] { $examples } example
   *[other] { $examples } examples
}, { $problems ->
    [one] { $problems } problem
   *[other] { $problems } problems
}
packs-checked = { $loaded } of { $total } packs load; { $missing ->
    [one] { $missing } rule is
   *[other] { $missing } rules are
} not implemented.
doctor-good = good
doctor-bad = not allowed
doctor-credentials = Credentials
doctor-regions = Enabled regions
doctor-store = Store
doctor-iam = IAM
doctor-s3 = S3 buckets
doctor-ec2 = EC2 security groups
doctor-cloudtrail = CloudTrail
doctor-kms = KMS
doctor-account-block = S3 account public access block
doctor-organizations = Organizations
doctor-policy = `haechi doctor --policy` prints the IAM policy that allows everything Haechi reads.
column-needed-parameters = Needs a value
