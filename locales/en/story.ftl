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
