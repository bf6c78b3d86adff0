# 로그 검색: 필터와 SQL로 찾는 이벤트, 누가 무엇을 호출했는지.
column-event-time = 시각
column-principal = 보안 주체
column-address = 주소
column-event-id = 이벤트 ID
column-session = 세션
column-who-calls = 호출
column-who-failed = 실패
column-first-event-id = 첫 이벤트 ID
column-last-event-id = 마지막 이벤트 ID
search-nothing = 조건에 맞는 이벤트가 없습니다.
search-looked = 이벤트 { $events }개 중 { $found }개가 조건에 맞습니다. 파일 { $files }개, { $first } ~ { $last }
search-no-events = { $sources }의 파일 { $files }개에 검색할 이벤트가 없습니다
search-newest = 최신 { $shown }개만 표시했습니다. --limit N으로 더 표시하고 --limit 0으로 모두 표시합니다
search-oldest = 가장 오래된 { $shown }개만 표시했습니다. --limit N으로 더 표시하고 --limit 0으로 모두 표시합니다
search-ended = 처음 { $shown }개에서 읽기를 마쳤으며 더 있습니다. --limit N으로 더 표시하고 --limit 0으로 모두 표시합니다
search-duplicates = 중복된 이벤트 { $count }개는 한 번만 집계했습니다
search-not-opened = 다른 기간, 계정, 리전 또는 로그의 파일 { $count }개는 검색하지 않았습니다
search-unread = { $count }곳을 읽지 못했습니다. 첫 번째: { $first }. 전체 목록은 haechi logs coverage에서 확인할 수 있습니다
search-unknown-field = 읽은 이벤트 중 `{ $field }` 필드가 있는 것이 없습니다. 필드는 eventName, requestParameters.bucketName처럼 로그에 있는 이름 그대로 지정하세요
search-interrupted = 중단됨: 그때까지 찾은 것을 표시했습니다
search-filter = 필터를 실행할 수 없습니다
search-too-much = 찾은 이벤트가 메모리 { $mib }MiB를 초과합니다
search-table-full = SELECT에 쓸 이벤트가 { $rows }개 또는 { $mib }MiB를 초과합니다
advice-search-where = 예: --where "eventName = StopLogging AND (sourceIPAddress ~ '192.0.2.*' OR errorCode IS NOT NULL)"
advice-search-limit = 검색 범위를 좁히거나 --limit N을 지정하세요. --format jsonl에 --order를 지정하지 않으면 찾는 대로 레코드를 출력합니다
advice-search-narrow = --since, --name, --where 등으로 범위를 좁히세요. SELECT는 이 조건을 통과한 이벤트만 조회합니다
advice-search-sql = 테이블은 `events`이고 열은 { $columns }입니다
who-word = { $what }을(를) 이해할 수 없습니다
advice-who = 예: haechi logs who s3:GetObject arn:aws:s3:::my-bucket/report.csv ./logs
who-page = 호출자 { $total }명 중 { $shown }명을 표시했습니다. --limit N으로 더 표시하고 --limit 0으로 모두 표시합니다
who-beyond = 처음 { $most }명 이후 호출자의 호출 { $count }건은 목록에 없습니다
who-others = { $action } 호출 { $count }건이 있지만 { $resource }을(를) 대상으로 한 것은 없습니다. 레코드에서는 다른 이름일 수 있습니다
help-logs-search = 필터 또는 SELECT로 이벤트 검색
help-logs-search-after =
    예:
      haechi logs search ./logs --name StopLogging,DeleteTrail
      haechi logs search ./logs --principal alice --error --since 7d
      haechi logs search ./logs --where "eventName ~ 'Get*' AND sourceIPAddress ~ '198.51.100.0/24'" --fields time,eventName,requestParameters.bucketName
      haechi logs search s3://my-trail-bucket --since 1d --account 111122223333 --text AKIAIOSFODNN7EXAMPLE --format jsonl
      haechi logs search ./logs --sql "SELECT name, count(*) FROM events WHERE errorCode IS NOT NULL GROUP BY 1 ORDER BY 2 DESC"
      haechi logs search ./logs --name CreateBucket --sql "SELECT time, principal, body ->> '$.requestParameters.bucketName' AS bucket FROM events"

    종료 코드: 0 검색 완료(결과 유무와 무관), 2 검색하지 못함
help-logs-search-sources = 파일, 폴더, s3://BUCKET/PREFIX, SQS 대기열(URL 또는 ARN), 표준 입력은 -
help-logs-search-since = 이 시각부터(2026-11-22, 2026-11-22T09:30+09:00, 3일 전은 3d)
help-logs-search-until = 이 시각까지
help-logs-search-filter = 열과 로그 필드에 대한 필터. 예: "eventName IN (StopLogging, DeleteTrail) AND address ~ '192.0.2.0/24'". 반복 가능하며 모두 충족해야 함
help-logs-search-name = 호출 이름(*와 ? 사용 가능)
help-logs-search-source-service = 이벤트 소스(예: s3, kms.amazonaws.com)
help-logs-search-principal = ARN 또는 이름으로 지정한 사용자, 역할, 세션, 액세스 키
help-logs-search-address = 주소, 192.0.2.0/24와 같은 범위, 또는 글로브
help-logs-search-error = 오류 코드(*와 ? 사용 가능). 코드를 생략하면 실패한 모든 이벤트
help-logs-search-text = 레코드 어딘가에 있는 텍스트. 반복 가능하며 모두 있어야 함
help-logs-search-log = 로그: cloudtrail, vpc-flow, resolver-query, eks-audit, s3-access, rds-login, waf
help-logs-search-sql = 조건에 맞는 이벤트에 대한 SELECT 하나. 테이블은 `events`, 열은 --fields의 열과 같으며 `body`는 레코드 전체(JSON)
help-logs-search-timeout = SELECT를 중지할 시간(초). 로그를 읽는 시간은 제외
help-logs-search-flow-format = 머리글이 없는 흐름 로그의 형식. 예: "version account-id interface-id srcaddr dstaddr"
help-logs-search-fields = 표시할 열: time, log, source, name, accountId, awsRegion, principal, session, accessKeyId, address, userAgent, errorCode, readOnly, eventId, file, record, 그리고 로그의 필드
help-logs-search-limit = 표시할 이벤트 수 또는 SELECT의 행 수, 0이면 전체 [기본값: 표에서는 100, 그 외에는 전체]
help-logs-search-order = 먼저 표시하고, 더 많을 때 남길 이벤트: newest(최신), oldest(가장 오래된), read(읽는 순서) [기본값: 제한이 있으면 newest, 없으면 read]
help-logs-search-strict = 읽지 못한 것이 있으면 2로 종료
help-logs-search-format = 출력 형식: table, json, jsonl(레코드 원본), csv
help-logs-who = 누가 무엇을 호출했는지: 호출자별 호출 수, 주소, 오류
help-logs-who-after =
    예:
      haechi logs who StopLogging '*' ./logs
      haechi logs who s3:GetObject arn:aws:s3:::my-bucket/report.csv s3://my-trail-bucket --since 7d
      haechi logs who AssumeRole arn:aws:iam::111122223333:role/admin ./logs --format json
      haechi logs who 'Delete*' my-bucket ./logs

    종료 코드: 0 검색 완료(결과 유무와 무관), 2 검색하지 못함
help-logs-who-action = 호출 이름. 서비스는 생략 가능, *와 ? 사용 가능. 예: s3:GetObject, StopLogging, Delete*
help-logs-who-resource = 호출 대상: ARN, ID 또는 이름(*와 ? 사용 가능). '*'만 지정하면 모든 대상
help-logs-who-sources = 파일, 폴더, s3://BUCKET/PREFIX, SQS 대기열(URL 또는 ARN), 표준 입력은 -
help-logs-who-since = 이 시각부터(2026-11-22, 2026-11-22T09:30+09:00, 3일 전은 3d)
help-logs-who-until = 이 시각까지
help-logs-who-flow-format = 머리글이 없는 흐름 로그의 형식. 예: "version account-id interface-id srcaddr dstaddr"
help-logs-who-limit = 표시할 호출자 수, 0이면 전체 [기본값: 표에서는 100, 그 외에는 전체]
help-logs-who-strict = 읽지 못한 것이 있으면 2로 종료
help-logs-who-format = 출력 형식: table, json, jsonl, csv
