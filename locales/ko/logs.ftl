# 로그: 소스, 무결성 검증, 수집 범위.
column-file-kind = 종류
column-digest-end = 다이제스트 종료 시각
advice-log-source = 파일, 폴더, s3://BUCKET/PREFIX, SQS 대기열(URL 또는 ARN), 또는 표준 입력을 뜻하는 -를 지정하세요
logs-source-open = { $source }을(를) 열 수 없습니다
logs-source-read = { $source }을(를) 읽지 못했습니다
logs-no-time = --since { $since }와 --until { $until } 사이에는 시간이 없습니다
verify-no-digests = { $source } 아래에 CloudTrail 다이제스트 파일이 없습니다
advice-verify-source = AWSLogs의 상위 폴더나 S3 접두사를 지정하세요. 다이제스트 파일은 AWSLogs/계정/CloudTrail-Digest/ 아래에 있으며 로그 파일 무결성 검증을 활성화해야 생성됩니다
verify-keys = { $path }의 퍼블릭 키를 읽을 수 없습니다
advice-verify-keys = 다음 명령으로 저장하세요: aws cloudtrail list-public-keys --start-time TIME --end-time TIME --region REGION > keys.json
verify-all-valid = 모든 다이제스트 파일과 로그 파일이 CloudTrail이 전송한 그대로입니다.
verify-nothing-listed = 변경되거나 누락된 것으로 확인된 다이제스트 파일과 로그 파일이 없습니다.
verify-digests = 다이제스트 파일: 유효 { $valid }개, 변경 { $changed }개, 누락 { $missing }개, 미확인 { $unchecked }개
verify-backfill = 채우기 다이제스트 파일: 유효 { $valid }개, 변경 { $changed }개, 누락 { $missing }개, 미확인 { $unchecked }개
verify-logs = 로그 파일: 유효 { $valid }개, 변경 또는 추가 { $changed }개, 누락 { $missing }개, 미확인 { $unchecked }개
verify-chain = { $account } { $region }, 추적 { $trail }: 다이제스트 파일 { $digests }개, { $from } ~ { $to }
verify-missing-more = { $account } { $region }, 추적 { $trail }: { $from }와 { $to } 사이에 다이제스트 파일 { $count }개가 더 누락되었습니다
verify-gap-off = { $account } { $region }, 추적 { $trail }: { $from }부터 { $to }까지 로깅 또는 로그 파일 무결성 검증이 꺼져 있었습니다. 새 체인이 시작된다는 사실에 CloudTrail의 서명이 있습니다
verify-gap-apart = { $account } { $region }, 추적 { $trail }: { $from }부터 { $to }까지를 다루는 다이제스트 파일이 없습니다
verify-begins = { $account } { $region }, 추적 { $trail }: 다이제스트 파일이 { $at }부터 시작합니다. 그 이전의 { $before }은(는) 없습니다. --since를 지정하면 시작 부분에서 누락된 다이제스트 파일도 집계합니다
verify-ends = { $account } { $region }, 추적 { $trail }: 다이제스트 파일이 { $at }에서 끝납니다. 추적이 중지되었거나, 로그 파일 무결성 검증이 비활성화되었거나, 이후의 다이제스트 파일이 삭제되었을 수 있으며 남은 다이제스트 파일로는 구별할 수 없습니다
verify-logs-due = { $account } { $region }: 로그 파일 { $count }개가 마지막 다이제스트 파일 이후에 도착했으며 다음 다이제스트 파일을 기다리는 중입니다
verify-logs-never = { $account } { $region }: 로그 파일 { $count }개가 있지만 검증할 다이제스트 파일이 없습니다
verify-logs-outside = { $account } { $region }: 로그 파일 { $count }개는 어떤 다이제스트 파일도 다루지 않는 시간의 것입니다
verify-unproved = 로그 파일 { $count }개는 변경된 다이제스트 파일에 기록되어 있어 비교하지 않았습니다
verify-keys-problem = CloudTrail에서 퍼블릭 키를 가져오지 못했습니다: { $problem }
verify-unread = { $file }을(를) 읽지 못했습니다: { $why }
verify-unlisted = 파일 { $count }개는 목록에 표시하지 않았습니다
verify-moved = 원래 전송된 위치에 있지 않음: { $original }
verify-signature = 서명이 이 내용에 대한 CloudTrail의 서명이 아님
verify-metadata = 내용은 CloudTrail의 것이지만 객체 메타데이터의 서명이 다름
verify-chain-hash = 다음 다이제스트 파일에 기록된 해시와 다름
verify-hash = 다이제스트 파일에 기록된 해시와 내용이 다름
verify-damaged = 변경되었거나 잘림: { $why }
verify-named = { $by }에 기록되어 있음
verify-hour = 다이제스트 파일은 매시간 전송되지만 이 시간의 파일이 없음
verify-no-signature = 서명은 S3 객체의 메타데이터에 있어 복사본에는 남지 않으며, 이를 다시 기록한 이후의 다이제스트 파일도 없음
verify-no-key = 핑거프린트가 { $fingerprint }인 퍼블릭 키({ $region } 리전)가 없음
verify-algorithm = 알 수 없는 방식으로 서명됨
verify-not-read = 읽지 못함: { $why }
verify-digest-unproved = 다이제스트 파일에 기록된 해시와 같지만 그 다이제스트 파일 자체가 증명되지 않음
verify-no-digest = 어떤 다이제스트 파일에도 기록되어 있지 않음
help-logs = 로그: 무결성, 수집 범위
help-logs-verify = CloudTrail 다이제스트 파일 검증: 누락, 변경, 추가된 로그와 다이제스트 파일 확인
help-logs-verify-after =
    예:
      haechi logs verify s3://my-trail-bucket --since 7d
      haechi logs verify s3://my-trail-bucket/prefix --account 111122223333 --region eu-west-1 --format json
      aws cloudtrail list-public-keys --start-time 2026-11-01 > keys.json
      haechi logs verify ./copied-logs --public-keys keys.json

    종료 코드: 0 모두 유효, 1 누락, 변경 또는 추가된 파일이 있음, 2 확인하지 못한 파일이 있음
help-logs-verify-sources = 추적 파일을 복사한 폴더 또는 s3://BUCKET/PREFIX
help-logs-verify-public-keys = 퍼블릭 키: `aws cloudtrail list-public-keys`의 출력. 생략하면 CloudTrail에 요청. 반복 가능
help-logs-verify-all = 유효한 파일도 표시
help-logs-verify-format = 출력 형식: table, json, jsonl
help-logs-verify-since = 이 시각부터(2026-11-22, 2026-11-22T09:30+09:00, 3일 전은 3d)
help-logs-verify-until = 이 시각까지
column-log = 로그
column-events = 이벤트
column-first-event = 첫 이벤트
column-last-event = 마지막 이벤트
column-hours = 이벤트가 있는 시간
column-hours-without = 이벤트가 없는 시간
column-longest-gap = 가장 긴 공백
coverage-nothing = 이벤트가 없습니다.
coverage-longest = { $from }부터 { $hours }시간
coverage-files = 파일: 로그 { $logs }개, 다이제스트 { $digests }개, 빈 파일 { $empty }개, AWS Config 파일 { $config }개, 로그가 아닌 파일 { $rubbish }개
coverage-bytes = 바이트: 저장된 크기 { $packed }, 텍스트 { $text } = 이벤트 { $events } + 기타 레코드 { $others } + 레코드 사이 { $between } + 손상 { $damaged }
coverage-bytes-lost = { $bytes }바이트의 행방을 알 수 없습니다. Haechi의 결함이므로 알려 주세요
coverage-events = 이벤트: 읽음 { $events }개, 중복 { $duplicates }개. 이벤트가 아닌 레코드 { $others }개
coverage-outside = 이벤트 { $count }개는 필터 범위 밖입니다
coverage-lost = 흐름 로그 { $count }행에서 유실된 흐름이 있다고 알립니다(SKIPDATA)
coverage-damaged-digests = 다이제스트 파일 { $count }개를 읽지 못했습니다
coverage-files-account = 다른 계정의 파일 { $count }개를 열지 않았습니다
coverage-files-region = 다른 리전의 파일 { $count }개를 열지 않았습니다
coverage-files-before = --since 이전의 파일 { $count }개를 열지 않았습니다
coverage-files-after = --until 이후의 파일 { $count }개를 열지 않았습니다
coverage-folders-account = 다른 계정의 폴더 { $count }개를 나열하지 않았습니다
coverage-folders-region = 다른 리전의 폴더 { $count }개를 나열하지 않았습니다
coverage-folders-before = --since 이전의 폴더 { $count }개를 나열하지 않았습니다
coverage-folders-after = --until 이후의 폴더 { $count }개를 나열하지 않았습니다
coverage-other-kind = { $kind } 아래의 폴더 또는 객체 { $count }개는 읽을 로그가 아닙니다
coverage-gap-missing = { $log } { $account } { $region }: { $from }부터 { $hours }시간 동안 이벤트 없음. 다이제스트 파일에 기록된 이 시간의 로그가 여기에 없습니다
coverage-gap-unknown = { $log } { $account } { $region }: { $from }부터 { $hours }시간 동안 이벤트 없음
coverage-gap-quiet = { $log } { $account } { $region }: { $from }부터 { $hours }시간 동안 이벤트 없음. 이 시간의 다이제스트 파일에 다른 로그가 기록되어 있지 않습니다
coverage-missing = 누락: { $file }({ $account } { $region }), { $end } 다이제스트 파일에 기록되어 있음
coverage-skipped = 열지 않음: { $file }
coverage-problem = 읽지 못함: { $file }
coverage-more = ... 외 { $count }건. --format json에서 모두 볼 수 있습니다
help-logs-coverage = 읽은 것과 읽지 못한 것: 파일, 바이트, 로그·계정·리전별 이벤트, 이벤트가 없는 시간
help-logs-coverage-sources = 파일, 폴더, s3://BUCKET/PREFIX, SQS 대기열(URL 또는 ARN), 표준 입력은 -
help-logs-coverage-since = 이 시각부터(2026-11-22, 2026-11-22T09:30+09:00, 3일 전은 3d)
help-logs-coverage-until = 이 시각까지
help-logs-coverage-flow-format = 머리글이 없는 흐름 로그의 형식. 예: "version account-id interface-id srcaddr dstaddr"
help-logs-coverage-strict = 읽지 못한 것이 있으면 2로 종료
help-logs-coverage-format = 출력 형식: table, json, jsonl, csv
