# External access, and checks of policies.
external-open = open
external-unknown = unknown
external-public = public
external-narrow = no
external-account = account
external-principal = principal
external-canonical = canonical user
external-organization = organization
external-somebody = not known
external-column-answer = Access
external-column-public = Public
external-column-type = Type
external-column-who = Who
external-column-outsider = Outsider
external-column-narrowed = Narrowed by
external-column-doubt = Why unknown
external-column-example = Example request
external-counts =
    { $open ->
        [one] { $open } opening
       *[other] { $open } openings
    } in { $looked } resources: { $public } public, { $unknown } not decidable and counted as open
external-none = nobody outside the zone of trust reaches any of { $looked } resources
external-too-many = the patterns are too many to compare
external-variables = it hangs on the values of { $names }
external-unrecorded = not recorded: { $what }
external-bucket = the bucket policy lets in some such requests, but not this one: { $bucket }
external-zone = `{ $word }` is no account and no organization
external-type = `{ $word }` is none of the kinds of resources: { $names }
advice-external-zone = write a 12-digit account id, or an organization's id (o-...)
check-fails = fails
check-passes = the check passes
check-column-result = Result
check-files = the check takes { $wanted } policy files, and { $given } are given
check-open = the policy { $path } can't be opened
check-policy = { $path } can't be checked
check-type = --no-public needs --type: the kind of resource that the policy is for
