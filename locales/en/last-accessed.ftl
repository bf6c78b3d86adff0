# IAM's service last accessed information, asked for with --last-accessed.
plan-last-accessed = and { $calls } more calls at least for each user and role, for what they accessed
