# The command line.
label-error = error:
label-cause = cause:
label-help = help:
progress-collecting = Collecting: { $items } items, { $calls } calls{ $throttled ->
    [0] { "" }
    [one] , { $throttled } call throttled
   *[other] , { $throttled } calls throttled
} · { $now }
progress-reading = Reading: { $files } files, { $items } items, { $now }
progress-judging = Judging
