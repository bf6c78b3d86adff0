# A run on a terminal.
meta-accounts = { $count ->
    [one] { $count } account
   *[other] { $count } accounts
}
meta-resources = { $count ->
    [one] { $count } resource
   *[other] { $count } resources
}
page-score = Score
score-none = n/a: nothing was judged
count-compliant = { $count } compliant
count-non-compliant = { $count } noncompliant
count-not-applicable = { $count } not applicable
count-insufficient-data = { $count } insufficient data
page-severity-passed = { $percent }% pass
page-since = Since { $moment }
page-nothing-changed = nothing changed
count-new = { $count } new
count-reopened = { $count } reopened
count-fixed = { $count } fixed
count-deleted = { $count } deleted
count-gone = { $count } no longer apply
count-still = { $count } still open
count-unknown = { $count } could not be checked
count-suppressed = { $count } suppressed
page-top = Top findings
page-top-note = { $shown } of { $total }
findings-none = No open findings.
findings-none-listed = Nothing to list: no finding is new or changed, or a filter or suppression leaves them out.
findings-none-judged = Nothing was judged, so there is nothing to report.
page-packs = By pack
page-pack-rules = { $failed } of { $total } rules fail
page-accounts = By account
page-incomplete = Incomplete
page-incomplete-note = { $failed } of { $total } listings failed; their findings were left as they were
page-more-gaps = { $count ->
    [one] { $count } more reason
   *[other] { $count } more reasons
}
page-unreadable = { $count ->
    [one] { $count } file could not be read
   *[other] { $count } files could not be read
}
page-members-missing = { $count ->
    [one] { $count } detail of resources could not be collected
   *[other] { $count } details of resources could not be collected
}
page-not-implemented = { $count ->
    [one] { $count } rule of the packs is not implemented
   *[other] { $count } rules of the packs are not implemented
}
gap-missing-action = allow { $action }
gap-listings = { $count ->
    [one] { $count } listing
   *[other] { $count } listings
}
page-next = Next
page-not-recorded = not recorded
