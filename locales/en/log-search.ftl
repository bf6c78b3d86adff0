# Searching logs: events by filters and by SQL, and who called what on what.
column-event-time = Time
column-principal = Principal
column-address = Address
column-event-id = Event ID
column-session = Session
column-who-calls = Calls
column-who-failed = Failed
column-first-event-id = First event
column-last-event-id = Last event
search-nothing = No event fits.
search-looked = { $events ->
    [one] { $found } of 1 event fits
   *[other] { $found } of { $events } events fit
}, read from { $files ->
    [one] 1 file
   *[other] { $files } files
}, { $first } to { $last }
search-no-events = There is no event to search in { $files ->
    [one] 1 file
   *[other] { $files } files
} of { $sources }
search-newest = The newest { $shown } are shown, and there are more: --limit N shows more, --limit 0 all
search-oldest = The oldest { $shown } are shown, and there are more: --limit N shows more, --limit 0 all
search-ended = Reading ended with the first { $shown }, and there are more: --limit N shows more, --limit 0 all
search-duplicates = { $count ->
    [one] 1 event was seen before and counts once
   *[other] { $count } events were seen before and count once
}
search-not-opened = { $count ->
    [one] 1 file of other times, accounts, regions or logs was not searched
   *[other] { $count } files of other times, accounts, regions or logs were not searched
}
search-unread = { $count ->
    [one] 1 place could not be read: { $first }
   *[other] { $count } places could not be read, the first is { $first }; haechi logs coverage names them
}
search-unknown-field = No event that was read has the field `{ $field }`: fields are called as in the log, such as eventName or requestParameters.bucketName
search-interrupted = interrupted: what was found until then is shown
search-filter = the filter cannot be run
search-too-much = the events that were found take more than { $mib } MiB of memory
search-table-full = the events for the SELECT are more than { $rows } or take more than { $mib } MiB
advice-search-where = For example: --where "eventName = StopLogging AND (sourceIPAddress ~ '192.0.2.*' OR errorCode IS NOT NULL)"
advice-search-limit = Narrow the search, or take --limit N; --format jsonl without --order writes records as they are found
advice-search-narrow = Narrow it with --since, --name, --where and the like: the SELECT sees only events that pass these
advice-search-sql = The table is `events`; its columns are { $columns }
who-word = { $what } is not understood
advice-who = For example: haechi logs who s3:GetObject arn:aws:s3:::my-bucket/report.csv ./logs
who-page = { $shown } of { $total } callers are shown; --limit N shows more, --limit 0 all
who-beyond = { $count } calls are of callers beyond the first { $most }, who are not listed
who-others = { $count ->
    [one] There is 1 call of { $action }
   *[other] There are { $count } calls of { $action }
}, none of which names { $resource }: it may be called otherwise in the record
