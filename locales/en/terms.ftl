# Words that every page shares.
severity-critical = Critical
severity-high = High
severity-medium = Medium
severity-low = Low
severity-informational = Informational
initial-critical = C
initial-high = H
initial-medium = M
initial-low = L
initial-informational = I
compliance-compliant = Compliant
compliance-non-compliant = Noncompliant
compliance-not-applicable = Not applicable
compliance-insufficient-data = Insufficient data
status-suppressed = suppressed
change-new = new
change-reopened = reopened
resolved-fixed = fixed
resolved-deleted = deleted
resolved-not-applicable = not applicable
resolved-rule-gone = rule removed
age-days = { $count ->
    [0] today
    [one] { $count } day
   *[other] { $count } days
}
region-global = Global
source-live = live
source-files = files
source-example = example organization
source-store = recorded history
not-available = n/a
verbatim = { $text }
