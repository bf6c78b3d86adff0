# Unused access, and policies of what was used.
unused-column-type = Unused
unused-column-what = What
unused-column-last = Last used
unused-column-source = Told by
unused-source-log = logs
unused-source-report = report
unused-source-both = logs, report
unused-of-late = of late
unused-column-fix = Fix
unused-role = role
unused-key = access key
unused-password = password
unused-permission = permissions
unused-never = never
unused-not-in-logs = not in the logs
unused-what-permissions = { $actions }/{ $granted } actions, { $services ->
    [one] one service
   *[other] { $services } services
}
unused-fix-role = delete the role
unused-fix-assignment = remove the assignment
unused-fix-deactivate = deactivate, then delete
unused-fix-key = delete the key
unused-fix-password = delete the password
unused-fix-policies = narrow the policies
unused-fix-permission-set = narrow the permission set
unused-counts = not used for { $days ->
    [one] one day
   *[other] { $days } days
}: { $roles } roles, { $keys } access keys, { $passwords } passwords
unused-counts-permissions = { $principals } principals with permissions that they do not use, { $reports } of them by IAM's reports; { $events } events of the logs were read
unused-none = nothing is known to be unused for { $days } days
unused-why-not-recorded = the last use is not recorded
unused-why-old-record = what is known is older than the period
unused-why-in-use-of-late = in use shortly before the record
unused-why-creation = when it was created is not recorded
unused-why-no-logs = no log of the account
unused-why-no-report = what it accessed is not recorded
unused-why-short-logs = the logs are of { $days } days only
unused-unknown-not-recorded = { $count } not told: their last use is not recorded (record with `haechi record`; AWS Config has no uses of keys and passwords)
unused-unknown-old-record = { $count } not told: what is known of them is older than the period
unused-unknown-in-use-of-late = { $count } not told: they were in use shortly before the record, which does not keep the day
unused-unknown-creation = { $count } not told: when they were created is not recorded
unused-unknown-no-logs = { $count } not told: there is no log of their accounts
unused-unknown-no-report = { $count } not told: what they accessed is not recorded (`haechi record --last-accessed` asks IAM, --logs reads CloudTrail's logs)
unused-unknown-short-logs = { $count } not told: the logs are of { $days } days only
unused-no-logs = unused permissions are not looked at: CloudTrail's logs (--logs) or IAM's reports in the record (haechi record --last-accessed) tell of them
unused-days = --days is between 1 and { $most }
unused-kind = `{ $word }` is none of role, key, password, permission
unused-interrupted = interrupted: only a part of the logs was read
unused-incomplete = Some logs could not be read: what was used there is missing.
generate-principal = `{ $word }` is no ARN of a user, role, session or root user
generate-format = `{ $word }` is no format: policy or json
generate-interrupted = interrupted: only a part of the logs was read
generate-incomplete = Some logs could not be read: what was used there is missing.
generate-nothing = { $principal } used nothing in the { $events } events of the logs
generate-read = { $events } events of the principal, { $from } to { $to }: { $actions } actions
generate-several = { $count } policies: one would be longer than AWS takes (6,144 characters)
generate-too-many = { $count } policies, and AWS attaches { $most } managed policies to a principal: --resources pattern or any makes fewer
generate-placeholders = { $count ->
    [one] One ARN is to be filled in, the logs do not tell the resource
   *[other] { $count } ARNs are to be filled in, the logs do not tell the resource
}: { $names }
generate-on-everything = { $count ->
    [one] One action is granted on all resources, because some calls name none
   *[other] { $count } actions are granted on all resources, because some calls name none
}: { $names }
generate-ambiguous = { $count ->
    [one] One kind of calls needs one of several actions, and all are granted
   *[other] { $count } kinds of calls need one of several actions, and all are granted
}: { $names }
generate-passed = iam:PassRole is inferred from requests, CloudTrail has no event of it: { $names }
generate-profiles = iam:PassRole is needed for the roles of these instance profiles, which the logs do not tell: { $names }
generate-companions = { $count ->
    [one] One action may need others besides, which the logs do not show
   *[other] { $count } actions may need others besides, which the logs do not show
}: { $names }
generate-denied = { $count ->
    [one] One kind of calls was denied and is left out
   *[other] { $count } kinds of calls were denied and are left out
}: { $names }
generate-unmapped = { $count ->
    [one] One event is of no known action and is left out
   *[other] { $count } events are of no known action and are left out
}: { $names }
generate-no-data-events = The logs have no data events of { $names }: the use of their objects, items, functions or messages is not seen.
generate-compared = Of the present permissions { $taken } actions would go, { $narrowed } would be limited to resources, { $kept } stay.
generate-taken = Would go: { $names }
generate-new = { $count ->
    [one] One action is not granted by its own policies (resource policies may)
   *[other] { $count } actions are not granted by its own policies (resource policies may)
}: { $names }
