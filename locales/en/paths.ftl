# Escalation paths.
paths-column-step = Step
paths-column-from = From
paths-column-how = How
paths-column-id = Path
paths-column-to = Gains
paths-column-certainty = Certainty
paths-column-cut = Cut by taking away
paths-certain = certain
paths-maybe = possible
paths-counts = { $paths } paths, { $maybe } of them possible and not certain; { $admins } of { $asked } principals are administrators already
paths-none = none of the { $asked } principals has a path to an administrator's rights; { $admins } are administrators already
paths-none-to = none of the { $asked } principals has a path there
paths-unknown = { $count } principals have policies that were not recorded: what only those grant is not counted
paths-fix = { $id }: { $says }
paths-supposes = { $id }: possible if { $says }
paths-nobody = { $name } was not recorded
paths-max-steps = --max-steps is between 1 and { $most }
