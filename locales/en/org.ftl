# Many accounts: the organization, recording, the audit role.
progress-listings = accounts · { $done }/{ $total } listings
column-account-name = Account name
column-regions = Regions
column-calls = Calls at least
column-what = What
column-count = Number
column-role = Role
column-trail = Trail
column-recorder = AWS Config
column-member-id = ID
column-kind = Kind
column-policies = Policies
column-state = State
column-tags = Tags
plan-total = { $accounts ->
    [one] { $accounts } account
   *[other] { $accounts } accounts
}, { $regions ->
    [one] { $regions } Region
   *[other] { $regions } Regions
}, { $listings ->
    [one] { $listings } listing
   *[other] { $listings } listings
} and at least { $calls ->
    [one] { $calls } call
   *[other] { $calls } calls
}. Every further page and every resource that needs a look of its own adds to them.
record-accounts = Accounts recorded
record-refused = Account refused
record-closed = Account closed
record-waiting = Accounts not reached
record-regions = Regions
record-types = Resource types
record-listings = Listings complete
record-resumed = Listings kept from the interrupted run
record-failed = Listings failed
record-failed-in = { $what } ({ $accounts } accounts)
record-unlisted = Listings not made
record-skipped = Listings skipped
record-items = Resources seen
record-missing = Resources lacking a part
record-new = New
record-changed = Changed
record-same = Unchanged
record-deleted = Deleted
record-calls = Calls to AWS
record-throttles = Calls throttled
record-took = Took { $seconds } s.
warning-clock-behind = this machine's clock says { $now }, and the store already holds what was recorded at { $newest }. What is recorded now is dated right after that, so that nothing is written into the past; set the clock right
record-interrupted = interrupted: what was recorded until then is kept
doctor-partly = partly
doctor-missing = missing
doctor-unknown = not known
tree-nothing = No organization is recorded.
error-org-read = the organization of account { $account } could not be read
advice-org-none = this account belongs to no organization; leave out --org, or list accounts in haechi.toml
advice-org-where = use credentials of the management account, or of an account that is delegated administrator of an AWS service
error-org-account = --account { $account }: the organization has no such account
advice-org-account = haechi record --org --plan lists the accounts
error-org-nothing = no account is left to ask
advice-org-filters = look at --account and --ou; haechi record --plan lists the accounts that haechi.toml names, with --org those of the organization
advice-settings-id = give `id` beside `profile = "{ $profile }"` in haechi.toml: then the other accounts are looked at all the same. `aws sso login --profile { $profile }` signs in
error-settings-account = haechi.toml, [[accounts]]
error-type-unknown = --type { $type }: no collector is for this type
error-resume-none = there is nothing to resume: no run over live accounts is in the store
error-resume-ended = there is nothing to resume: the last run came to its end
error-resume-other = there is nothing to resume: the interrupted run was over other accounts, or with other filters
error-resume-old = there is nothing to resume: the interrupted run is more than a day old
error-settings-twice = haechi.toml names the account { $account } twice
advice-resume = run the same command without --resume
advice-record-resume = run the same command with --resume to go on from here
error-setup-policies = the audit role would need { $policies } managed policies, and IAM allows 10
error-setup-long = the template would have { $bytes } bytes, and CloudFormation takes 51200
tree-root = root
tree-unit = unit
tree-account = account
