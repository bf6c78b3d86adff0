# Threats: what detections found in logs.
error-overtaken = { $what } was written by another process meanwhile
advice-overtaken = run it again: it goes on from what the other one wrote
threats-title = Threats
threats-none = No threats were found.
threats-files = { $count ->
    [one] { $count } file
   *[other] { $count } files
}
threats-events = { $log }: { $count ->
    [one] { $count } event
   *[other] { $count } events
}
threats-no-events = no events
threats-duplicates = { $count } seen before
threats-late = { $count } more than a day late: single-event rules only
threats-known = { $count ->
    [one] { $count } file was kept before
   *[other] { $count } files were kept before
}
threats-skipped = { $count ->
    [one] { $count } file skipped
   *[other] { $count } files skipped
}
threats-unreadable = { $count ->
    [one] { $count } problem while reading
   *[other] { $count } problems while reading
}
threats-span = { $first } to { $last } UTC
threats-more-factors = and { $count } more
threats-more-events = { $count } more
threats-about = { $type } · id { $id } · events { $events }
threats-detections = Detections
threats-active = { $count } at work
threats-inactive = { $count } inactive, they need: { $needs }
threats-more-refused = { $count ->
    [one] { $count } more rule cannot be run
   *[other] { $count } more rules cannot be run
}
log-cloudtrail = CloudTrail
log-vpc-flow = VPC flow logs
log-resolver-query = Resolver query logs
log-eks-audit = EKS audit logs
log-s3-access = S3 access logs
log-rds-login = database logins
log-waf = WAF logs
factor-new = { $days ->
    [0] { $kind } { $value }, and this { $among } was never seen before
    [one] first { $kind } { $value } of this { $among } in { $days } day
   *[other] first { $kind } { $value } of this { $among } in { $days } days
}
factor-rare = rare { $kind } { $value }: { $before } times before in { $days ->
    [one] { $days } day
   *[other] { $days } days
} of this { $among }
factor-kind-api = call
factor-kind-service = service
factor-kind-network = network
factor-kind-country = country
factor-kind-asn = autonomous system
factor-kind-user-agent = user agent
factor-kind-region = region
factor-kind-target = target
factor-kind-volume = volume
factor-kind-address = address
factor-kind-port = port
factor-kind-verb = verb
factor-kind-image = image
factor-kind-namespace = namespace
factor-kind-resource = resource
factor-kind-user = user
factor-among-principal = principal
factor-among-role = role
factor-among-account = account
factor-among-organization = organization
factor-among-key = key
threats-response = What to do:
threats-evidence = Events
threats-column-time = Time (UTC)
threats-column-event = Event
threats-column-principal = Principal
threats-column-address = Address
threats-column-event-id = Event ID
error-intel-name = there is no list `{ $name }`: { $names }
error-intel-read = { $path } cannot be read as a list or a database
advice-intel = name files as lists: tor-exits.txt, threat-addresses.txt, mining-domains.txt, ip-ranges.json; or --intel NAME=FILE
error-intel-line = { $path } is not a list
advice-intel-line = one address, CIDR, range or domain a line; # begins a remark
advice-geo = a database in MaxMind's format (.mmdb) of cities, countries or autonomous systems
detections-column-score = Score
detections-column-id = Detection
detections-column-origin = Origin
detections-column-logs = Logs
detections-column-attack = ATT&CK
detections-column-needs = Needs
detections-column-logic = Logic
detections-column-playbooks = Playbooks
detections-none = No detection is called so.
detections-active = at work
detections-inactive = inactive
detections-refused = refused
error-detection-unknown = there is no detection `{ $id }`
advice-detections = `haechi detect list` names them all
error-rules-read = { $path } cannot be read as Sigma rules
error-rules-many = there are more than { $most } files of rules
error-flow-format = the format of flow logs is not understood
error-detect-state = the state of detecting in the store cannot be gone on from
advice-detect-state = it may be of a newer haechi; without --keep no state is needed
samples-removed = { $count ->
    [one] { $count } sample was taken out of the store
   *[other] { $count } samples were taken out of the store
}
next-investigate = what happened around it, step by step
next-keep = keep threats and baselines in the store
next-inactive = which lists and databases would put more detections to work
advice-detection-meant = did you mean `{ $meant }`?
threats-column-count = Events
threats-column-factor = Stands out
threats-column-related = Made of
threats-nothing-new = Nothing new: { $files ->
    [one] { $files } file
   *[other] { $files } files
} with { $events } events { $files ->
    [one] was
   *[other] were
} read and kept before
