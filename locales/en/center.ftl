# IAM Identity Center: who has what where, assignments as they shall be, the access review.
center-nothing = nothing was recorded of IAM Identity Center
advice-center-record = record the management account, or the delegated administrator of IAM Identity Center, in its region: haechi record --org
center-unlisted = { $type } could not be listed to the end ({ $reason })
center-no-instance = the instance of IAM Identity Center was not recorded: which attributes become session tags is not known
center-nobody = nobody is known as { $name } in IAM Identity Center
advice-center-who = give a user name, an address, a user id or a display name; haechi resources list --type AWS::IdentityStore::User lists them
advice-center-near = did you mean { $near }?
center-several = { $name } is the name of more than one person
advice-center-id = give the user id of one
center-no-account = no account { $name } was recorded
advice-center-accounts = haechi org tree lists the accounts
center-accounts = { $name } is the name of several accounts: { $ids }
center-read = cannot read { $path }
center-whose = whose access?
advice-center-whose = name a person, or ask who may do something in one account: --action s3:DeleteBucket --account 111122223333
center-disabled = { $name } is disabled and cannot sign in: this is what there would be
center-account-status = { $account } ({ $name }) is { $status }
center-members-unknown =
    { $count ->
        [one] the members of a group were not recorded: there may be more
       *[other] the members of { $count } groups were not recorded: there may be more
    }
center-via-direct = directly
center-via-groups = { $groups }
center-via-both = directly and { $groups }
center-drift-none = yes
center-drift-outdated = out of date
center-drift-not-provisioned = not there
center-drift-set-not-recorded = not known
center-drift-policy-missing = policy missing
center-drift-role-lacks = lacks a policy
center-drift-role-has-more = has a policy more
center-drift-inline-differs = inline policy differs
center-drift-boundary-differs = boundary differs
center-drift-several-roles = several roles
center-level-nothing = nothing
center-level-reads = reads only
center-level-reads-conditional = reads, under conditions
center-level-writes = writes
center-level-writes-conditional = writes, under conditions
center-level-power = power user
center-level-power-conditional = power user, under conditions
center-level-administrator = administrator
center-level-administrator-conditional = administrator, under conditions
center-taken = SCP { $scp }, boundary { $boundary }, RCP { $rcp }
center-column-person = Person
center-column-set = Permission set
center-column-level = Access
center-column-via = Through
center-column-session = Session
center-column-taken = Actions taken away
center-column-provisioned = As the set says
center-column-path = Path
center-column-change = Change
center-column-assignee = For
center-column-kind = Kind
center-column-subject = About
center-column-why = Why
center-counts =
    { $name }: { $sets ->
        [one] one permission set
       *[other] { $sets } permission sets
    } in { $accounts ->
        [one] one account
       *[other] { $accounts } accounts
    }
center-drifted =
    { $count ->
        [one] Not as the permission set says: { $names }
       *[other] { $count } not as their permission sets say: { $names }
    }
center-no-access = { $name } has no permission set in any of the accounts asked about
center-tags = Session tags: { $tags }
center-tags-unknown = Session tags whose values are not recorded: { $tags }
center-answer-counts =
    { $people ->
        [one] one person
       *[other] { $people } people
    } with { $sessions ->
        [one] one permission set
       *[other] { $sessions } permission sets
    } asked about: { $yes } yes, { $conditional } conditional, { $undecidable } undecidable
center-nobody-can = none of the { $people } people asked about can do it
center-plan-create = create
center-plan-delete = delete
center-plan-counts = { $create } to create, { $delete } to delete, { $keep } as they are, { $extra } that the file does not ask for and that stay; { $overlaps } asked for more than once
center-plan-none = nothing to do: { $keep } as they are, { $extra } that the file does not ask for and that stay
center-respond-nothing = nothing to do: the assignments are as the file says
center-by-management =
    { $count ->
        [one] one call is about the management account: a delegated administrator may not make it
       *[other] { $count } calls are about the management account: a delegated administrator may not make them
    }
center-left-out = { $account } ({ $name }) is { $status } and left out
center-entry-empty = entry { $entry } comes to no account
center-assignee-user = user
center-assignee-group = group
center-diff-missing = missing
center-diff-extra = besides
center-diff-outdated = out of date
center-diff-counts = { $missing } missing, { $extra } besides, { $outdated } out of date, { $same } as the file says
center-diff-none = no difference: { $same } as the file says
center-duration = { $word } is no duration
advice-center-duration = write hours and minutes as AWS does: PT1H, PT1H30M
center-logs = the logs have { $events } events of { $accounts } accounts since { $since }
center-not-looked-staff = not looked at: who has left (--users FILE names those who work here)
center-not-looked-use = not looked at everywhere: which permission sets are used (--logs SOURCE; accounts without events tell nothing)
center-not-looked-orphans = not looked at: assignments to people or groups that do not exist, since not all of them were recorded
center-not-looked-status = not looked at everywhere: who is disabled, since the record does not say it of everybody
center-not-looked-provisioning = not looked at everywhere: where permission sets are out of date, since an older record lacks it
center-review-none = nothing to look at
center-review-counts = { $concerns } to look at, of { $sets } permission sets, { $assignments } assignments, { $users } people, { $groups } groups
center-why-leaver-not-listed =
    is not on the list of staff and has access to { $count ->
        [one] one account
       *[other] { $count } accounts
    }
center-why-leaver-disabled =
    is disabled, and assigned to { $count ->
        [one] one account
       *[other] { $count } accounts
    } still: who enables the user gives it all back
center-why-orphan = { $what } in { $account } is assigned to a user or group that does not exist
center-why-management = is assigned to { $what } in the management account { $account }, which no SCP binds
center-why-long-session = makes administrators for { $what }; more than { $longest } was not asked for
center-why-full-administrator = allows every action on everything ({ $what })
center-why-outdated =
    its role in { $account } is not as the set says: { $first ->
        [outdated] out of date
        [not-provisioned] there is none
        [set-not-recorded] the set was not recorded
        [policy-missing] a policy that the set names does not exist there
        [role-lacks] it lacks a policy
        [role-has-more] it has a policy more
        [inline-differs] the inline policy differs
        [boundary-differs] the permissions boundary differs
        [several-roles] there are several
       *[other] { $first }
    }{ $others ->
        [0] {""}
       *[other] {" "}and { $others } more
    }
center-why-direct = has { $what } in { $account } directly, not by a group
center-why-no-boundary = makes administrators and has no permissions boundary
center-why-unassigned = is assigned nowhere
center-why-empty-group = has { $what } in { $account } and no members
center-why-unseen-set =
    { $count ->
        [one] is not used in the one account of the logs where it is assigned
       *[other] is used in none of the { $count } accounts of the logs where it is assigned
    }
center-why-unseen-assignment = uses { $what } in { $account } nowhere in the logs
center-why-mfa-never = people are never asked for MFA
center-why-mfa-device = people without an MFA device may sign in
center-why-mfa-context = people are asked for MFA only when their sign-in looks different
center-why-mfa-source = the statement names its own directory, and the record shows people of { $what }
center-why-mfa-email = people without an MFA device get a code by e-mail, which whoever reads their mail has
center-why-mfa-keys = security keys and built-in authenticators are not allowed: codes can be phished
center-why-mfa-old = the MFA settings were stated on { $what }: a year ago or more, or in the future
center-why-mfa-not-told = no statement of the MFA settings was given, and no API tells them
center-why-mfa-not-told-all = the statement of the MFA settings leaves out: { $what }
center-why-mfa-external = people sign in with an identity provider: its MFA settings are not here
center-fix-leaver-not-listed = Leavers: disable or delete the user, at the identity provider if it provisions it, and revoke running sessions
center-fix-leaver-disabled = Disabled people: take them out of groups and delete their assignments
center-fix-orphan = Orphans: delete the assignment
center-fix-management = Management account: keep assignments there to the few people who need them
center-fix-long-session = Long sessions: set the permission set's session duration to what the work needs
center-fix-full-administrator = Full administrators: name the actions that the work needs, or AWS managed policies for job functions
center-fix-outdated = Out of date: provision the permission set again (ProvisionPermissionSet), and create policies that are missing
center-fix-direct = Direct assignments: assign to a group and put people in it
center-fix-no-boundary = Boundary: set a permissions boundary on the permission set
center-fix-unassigned = Unassigned: delete the permission set, or assign it
center-fix-empty-group = Empty groups: delete the assignment, or put people in the group
center-fix-unseen-set = Not used: delete its assignments, if the logs cover long enough
center-fix-unseen-assignment = Not used: delete the assignment, if the logs cover long enough
center-fix-mfa-never = MFA: ask every time people sign in (Settings, Authentication)
center-fix-mfa-device = MFA: require people to register a device at sign-in, or block it
center-fix-mfa-context = MFA: ask every time people sign in
center-fix-mfa-source = MFA: read the settings again, at the identity provider if people are its
center-fix-mfa-email = MFA: require people to register a device at sign-in
center-fix-mfa-keys = MFA: allow security keys and built-in authenticators
center-fix-mfa-old = MFA: read the settings again and state them anew
center-fix-mfa-not-told = MFA: state the settings in a file and give it with --mfa
center-fix-mfa-external = MFA: ask those who run the identity provider
