# What evaluations say, and what to do next.
compliant = The resource complies with the rule.
not-applicable = The rule does not apply to this resource.
insufficient-data = Cannot be judged: { $path } is not known ({ $reason }).
evaluation-error = The rule could not be evaluated: { $reason }.
member-missing = { $count ->
    [one] { $count } resource lacks this member: { $reason }
   *[other] { $count } resources lack this member: { $reason }
}
rule-not-implemented = Haechi does not implement this rule yet.
rule-not-managed = Not an AWS managed rule: Haechi cannot evaluate it.
attested = Attested by { $who } on { $at }.
attested-until = Attested by { $who } on { $at }, valid until { $until }.
attestation-needed = A process check: run haechi attest { $name } to say that it is fulfilled.
next-html = the whole report as one page to share
next-live = judge a real account, reading only
next-rule = what a rule checks, why, and how to fix it
next-show = why the worst one matters and how to fix it
next-policy = the IAM policy that allows the rest
next-list = the findings that matter most
