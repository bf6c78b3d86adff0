# 사용하지 않는 액세스와, 사용 기록으로 만드는 정책.
unused-column-type = 미사용
unused-column-what = 내용
unused-column-last = 마지막 사용
unused-column-source = 근거
unused-source-log = 로그
unused-source-report = 보고서
unused-source-both = 로그, 보고서
unused-of-late = 최근
unused-column-fix = 조치
unused-role = 역할
unused-key = 액세스 키
unused-password = 암호
unused-permission = 권한
unused-never = 없음
unused-not-in-logs = 로그에 없음
unused-what-permissions = 작업 { $actions }/{ $granted }개, 서비스 { $services }개
unused-fix-role = 역할 삭제
unused-fix-assignment = 할당 제거
unused-fix-deactivate = 비활성화 후 삭제
unused-fix-key = 키 삭제
unused-fix-password = 암호 삭제
unused-fix-policies = 정책 축소
unused-fix-permission-set = 권한 세트 축소
unused-counts = { $days }일 동안 미사용: 역할 { $roles }개, 액세스 키 { $keys }개, 암호 { $passwords }개
unused-counts-permissions = 사용하지 않는 권한이 있는 보안 주체 { $principals }개, 그중 IAM 보고서로 확인 { $reports }개. 읽은 로그 이벤트 { $events }개
unused-none = { $days }일 동안 사용되지 않은 것으로 확인된 항목이 없습니다
unused-why-not-recorded = 마지막 사용이 기록되지 않음
unused-why-old-record = 기록이 추적 기간보다 오래됨
unused-why-in-use-of-late = 기록 직전에 사용 중이었음
unused-why-creation = 생성 시각이 기록되지 않음
unused-why-no-logs = 계정의 로그가 없음
unused-why-no-report = 무엇에 액세스했는지 기록되지 않음
unused-why-short-logs = 로그가 { $days }일분뿐임
unused-unknown-not-recorded = 판정 불가 { $count }개: 마지막 사용이 기록되지 않았습니다(`haechi record`로 기록하십시오. AWS Config에는 키와 암호의 사용 기록이 없습니다)
unused-unknown-old-record = 판정 불가 { $count }개: 기록이 추적 기간보다 오래되었습니다
unused-unknown-in-use-of-late = 판정 불가 { $count }개: 기록 직전에 사용 중이었으며, 기록에는 정확한 날짜가 남지 않습니다
unused-unknown-creation = 판정 불가 { $count }개: 생성 시각이 기록되지 않았습니다
unused-unknown-no-logs = 판정 불가 { $count }개: 해당 계정의 로그가 없습니다
unused-unknown-no-report = { $count }개 판정 불가: 무엇에 액세스했는지 기록되지 않음 (`haechi record --last-accessed`는 IAM에 조회하고, --logs는 CloudTrail 로그를 읽음)
unused-unknown-short-logs = 판정 불가 { $count }개: 로그가 { $days }일분뿐입니다
unused-no-logs = 미사용 권한은 확인하지 않습니다: CloudTrail 로그(--logs)나 기록에 있는 IAM 보고서(haechi record --last-accessed)가 필요합니다
unused-days = --days는 1에서 { $most } 사이여야 합니다
unused-kind = `{ $word }`은(는) role, key, password, permission 중 하나가 아닙니다
unused-interrupted = 중단됨: 로그의 일부만 읽었습니다
unused-incomplete = 읽지 못한 로그가 있습니다. 그 안의 사용 기록은 빠져 있습니다.
generate-principal = `{ $word }`은(는) 사용자, 역할, 세션 또는 루트 사용자의 ARN이 아닙니다
generate-format = `{ $word }`은(는) 지원하는 형식이 아닙니다: policy 또는 json
generate-interrupted = 중단됨: 로그의 일부만 읽었습니다
generate-incomplete = 읽지 못한 로그가 있습니다. 그 안의 사용 기록은 빠져 있습니다.
generate-nothing = 로그의 이벤트 { $events }개에 { $principal }의 사용 기록이 없습니다
generate-read = 보안 주체의 이벤트 { $events }개, { $from }부터 { $to }까지: 작업 { $actions }개
generate-several = 정책 { $count }개: 하나로 합치면 AWS의 제한(6,144자)을 넘습니다
generate-too-many = 정책 { $count }개. AWS는 보안 주체 하나에 관리형 정책을 { $most }개까지 연결합니다. --resources pattern이나 any를 쓰면 줄어듭니다
generate-placeholders = 채워 넣을 ARN { $count }개(로그에 리소스가 나타나지 않음): { $names }
generate-on-everything = 리소스를 지정하지 않은 호출이 있어 모든 리소스에 허용한 작업 { $count }개: { $names }
generate-ambiguous = 여러 작업 중 하나가 필요한 호출 { $count }종은 모두 허용했습니다: { $names }
generate-passed = iam:PassRole은 CloudTrail 이벤트가 없어 요청에서 추론했습니다: { $names }
generate-profiles = 다음 인스턴스 프로파일의 역할에 iam:PassRole이 필요하지만 로그에 역할이 나타나지 않습니다: { $names }
generate-companions = 로그에 보이지 않는 다른 작업이 더 필요할 수 있는 작업 { $count }개: { $names }
generate-denied = 거부되어 제외한 호출 { $count }종: { $names }
generate-unmapped = 알려진 작업에 해당하지 않아 제외한 이벤트 { $count }종: { $names }
generate-no-data-events = 로그에 { $names }의 데이터 이벤트가 없어 객체, 항목, 함수, 메시지의 사용은 보이지 않습니다.
generate-compared = 현재 권한 중 작업 { $taken }개가 없어지고, { $narrowed }개는 리소스가 제한되며, { $kept }개는 그대로입니다.
generate-taken = 없어지는 작업: { $names }
generate-new = 자체 정책이 허용하지 않는 작업 { $count }개(리소스 정책이 허용했을 수 있음): { $names }
help-iam-unused = 아무도 사용하지 않는 역할, 액세스 키, 암호, 권한을 나열
help-iam-unused-days = 사용되지 않은 일수(1~365)
help-iam-unused-logs = 사용된 권한을 보여 주는 CloudTrail 로그: 파일, 폴더, s3://버킷/접두사, SQS 대기열 또는 -
help-iam-unused-types = role, key, password, permission. 여러 번 지정 가능 [기본값: 전체]
help-iam-unused-account = 이 계정의 보안 주체만. 여러 번 지정 가능
help-iam-unused-except-account = 이 계정은 제외. 여러 번 지정 가능
help-iam-unused-except-tag = 이 태그가 있는 보안 주체는 제외. 여러 번 지정 가능
help-iam-unused-as-of = 이 시점의 상태로 판정(2026-11-22, 2026-11-22T09:30+09:00 또는 3일 전을 뜻하는 3d)
help-iam-unused-profile = S3의 로그에 사용할 AWS 프로필 [기본값: AWS CLI와 동일]
help-iam-unused-all = 판정할 수 없는 것도 이유와 함께 나열
help-iam-unused-format = table, json, jsonl 또는 csv
help-iam-unused-after =
    예:
      haechi iam unused
      haechi iam unused --days 45 --type key,password --format csv
      haechi iam unused --logs ./logs --account 111122223333
      haechi iam unused --logs s3://my-trail-bucket --except-tag purpose=break-glass --format json

    권한은 --logs와 `haechi record --last-accessed`의 기록으로 판정하며, 둘 다 없으면 확인하지 않습니다.
    기록과 로그로 알 수 없는 것은 미사용이라고 하지 않으며, --all로 볼 수 있습니다.

    종료 코드: 0 미사용 항목이 없음, 1 있음, 2 판정할 수 없음.
help-iam-generate = 사용자나 역할이 사용한 것만 허용하는 정책을 CloudTrail 로그로 작성
help-iam-generate-principal = 사용자, 역할, 세션 또는 루트 사용자의 ARN
help-iam-generate-sources = CloudTrail 로그: 파일, 폴더, s3://버킷/접두사, SQS 대기열 또는 표준 입력을 뜻하는 -
help-iam-generate-resources = 리소스: exact는 로그에 나온 그대로, pattern은 객체를 폴더별로 묶고 많으면 패턴으로, any는 `*`
help-iam-generate-since = 이 시각부터(2026-11-22, 2026-11-22T09:30+09:00, 3일 전은 3d)
help-iam-generate-until = 이 시각까지
help-iam-generate-compare = 기록된 보안 주체에서 이 정책으로 없어지는 권한도 표시
help-iam-generate-as-of = 이 시점의 기록과 비교(2026-11-22, 2026-11-22T09:30+09:00 또는 3일 전을 뜻하는 3d)
help-iam-generate-format = policy, 또는 로그에 보이지 않는 것까지 한 문서로 담는 json
help-iam-generate-after =
    예:
      haechi iam generate arn:aws:iam::111122223333:role/app ./logs > app.json
      haechi iam generate arn:aws:iam::111122223333:role/app s3://my-trail-bucket --since 90d --resources exact
      haechi iam generate arn:aws:iam::111122223333:user/mina ./logs --compare --format json

    정책은 표준 출력에(여러 개면 한 줄에 하나씩), 로그에 보이지 않는 것은 표준 오류에 표시합니다.

    종료 코드: 0 정책이 있음, 1 로그에 사용 기록이 없음, 2 읽을 수 없음.
