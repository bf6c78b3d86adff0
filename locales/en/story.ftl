# The story of an investigation.
story-head = { $kind } · { $count ->
    [one] { $count } event
   *[other] { $count } events
} from { $from } to { $to } UTC
story-untold = { $count } more events of this time are not told: narrow it with --before and --after
story-chain = How its credentials came about
story-issued = { $time } { $by } called { $call } from { $address }: { $of } with the key { $key }
story-made = Credentials that it made
story-made-line = { $time } { $call }: { $of } with the key { $key }
story-principals = Who acted
story-keys = Access keys
story-addresses = Addresses
story-counted = { $name } · { $count ->
    [one] { $count } event, { $first }
   *[other] { $count } events, { $first } to { $last }
}
story-before = Before
story-after = After
story-nothing = Nothing in these logs.
story-past = { $count ->
    [one] { $count } event, at { $first }
   *[other] { $count } events, from { $first } to { $last }
}
story-habits = calls: { $calls }; networks: { $networks }
story-new = New about it
story-new-line = { $kind } { $value }: first of this { $among } in { $days ->
    [0] these logs
    [one] { $days } day
   *[other] { $days } days
} ({ $count ->
    [one] { $count } event
   *[other] { $count } events
})
story-travel = From { $from } to { $to } in less time than the way takes: { $speed } km/h
story-findings = Findings that rest on these events
story-timeline = What happened
story-neighbours = Others at the same addresses
story-neighbour = { $name } from { $address } · { $count ->
    [one] { $count } event, { $first }
   *[other] { $count } events, { $first } to { $last }
}
story-more = and { $count } more
story-next = Ask next
entity-account = Account
entity-principal = Principal
entity-session = Session
entity-access-key = Access key
entity-instance = Instance
entity-interface = Network interface
entity-address = Address
entity-domain = Domain
entity-bucket = Bucket
entity-key = KMS key
entity-function = Function
entity-database = Database
entity-cluster = Cluster
entity-user-agent = User agent
entity-resource = Resource
error-investigate-stdin = standard input can be read only once, and a story reads its logs twice
advice-investigate-stdin = write the logs to a file and name it
error-investigate-unknown = `{ $entity }` is nowhere in these logs ({ $count } events)
advice-investigate-entity = name an ARN, an access key, an address, an instance, a bucket or an account as the logs write it
next-who-issued = who made its credentials
next-who-was-made = what was done with the credentials that it made
next-who-else = who else came from there
next-disable-key = a plan that disables the key
story-by-services = { $count } calls that AWS services made for it are in the JSON only
story-no-past = These logs hold no earlier time: nothing can be told apart as new.
story-no-news = Nothing: it did all this before.
story-network = What the network says
story-link-interface = { $from } is an interface of { $to } ({ $basis })
story-link-address = { $from } is an address of { $to } ({ $basis })
story-link-session = { $from } is a session of the role of { $to } ({ $basis })
story-link-resolved = { $from } was resolved to { $to } ({ $basis })
story-by-log = as the log says
story-by-inventory = as the recorded inventory says
story-flows = { $flows ->
    [one] { $flows } flow
   *[other] { $flows } flows
} with { $peers ->
    [one] { $peers } address
   *[other] { $peers } addresses
}: { $sent } sent, { $received } received, { $rejected } refused
story-busiest = Most in an hour: { $sent } sent from { $hour } on. Before: { $average } on average, at most { $most }, in { $hours ->
    [one] { $hours } hour
   *[other] { $hours } hours
} with flows
story-busiest-alone = Most in an hour: { $sent } sent from { $hour } on. Before: no flows to compare with
story-talk = { $ends } { $port } · { $flows ->
    [one] { $flows } flow
   *[other] { $flows } flows
}, { $sent } sent, { $received } received · { $interface }{ $new ->
    [0] { "" }
   *[other] { " " }· new
}
story-refused-others = Refused: { $count ->
    [one] { $count } try
   *[other] { $count } tries
} of { $others ->
    [one] { $others } address
   *[other] { $others } addresses
} at { $ports ->
    [one] { $ports } port
   *[other] { $ports } ports
}; most at { $mostPorts }; most from { $mostOthers }
story-refused-own = Refused: { $count ->
    [one] { $count } try
   *[other] { $count } tries
} of its own at { $others ->
    [one] { $others } address
   *[other] { $others } addresses
} and { $ports ->
    [one] { $ports } port
   *[other] { $ports } ports
}; most at { $mostPorts }; most to { $mostOthers }
story-asked = { $by } asked for { $domain } ({ $kinds }) · { $count ->
    [one] { $count } query
   *[other] { $count } queries
}, { $names ->
    [one] { $names } name
   *[other] { $names } names
}, { $missing } not found{ $new ->
    [0] { "" }
   *[other] { " " }· new
}
story-folded = { $count } more flows are told in sums only, because their other sides are too many
story-line-flows = { $ends } { $ports } · { $count ->
    [one] { $count } flow
   *[other] { $count } flows
}, { $sent } sent, { $received } received{ $new ->
    [0] { "" }
   *[other] { " " }· new
}
story-line-refused-others = refused: { $others } at { $ports } · { $count ->
    [one] { $count } try
   *[other] { $count } tries
}
story-line-refused-own = refused: its own tries at { $others }, { $ports } · { $count ->
    [one] { $count } try
   *[other] { $count } tries
}
story-line-queries = { $by } asked for { $domains } · { $count ->
    [one] { $count } query
   *[other] { $count } queries
}, { $missing } not found{ $new ->
    [0] { "" }
   *[other] { " " }· new
}
story-past-network = flows: { $flows }, { $sent } sent; queries: { $queries }
story-kind-domain = domain
story-kind-peer = address
story-kind-peer-country = country of an address
story-kind-peer-asn = network of an address
story-kind-served-port = port that it serves
next-session = what was done with the credentials of its role
next-instance = what the instance behind it did
next-peer = who else talked with this address
next-asker = what else the machine that asked did
next-domain = who else asked for this domain
next-resolved = what was said to where the name leads, or by what name the address goes
next-isolate = a plan that isolates the instance
next-block = a plan that blocks the address
