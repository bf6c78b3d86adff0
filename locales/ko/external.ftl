# 외부 액세스와 정책 확인.
external-open = 열림
external-unknown = 판정 불가
external-public = 퍼블릭
external-narrow = 아니요
external-account = 계정
external-principal = 보안 주체
external-canonical = 정식 사용자
external-organization = 조직
external-somebody = 알 수 없음
external-column-answer = 액세스
external-column-public = 퍼블릭
external-column-type = 유형
external-column-who = 대상
external-column-outsider = 외부 주체
external-column-narrowed = 제한 조건
external-column-doubt = 판정 불가 이유
external-column-example = 요청 예
external-counts = 리소스 { $looked }개에서 외부 액세스 { $open }건: 퍼블릭 { $public }건, 판정할 수 없어 열린 것으로 센 것 { $unknown }건
external-none = 리소스 { $looked }개 중 신뢰 영역 밖에서 액세스할 수 있는 것이 없습니다
external-too-many = 패턴이 너무 많아 비교할 수 없음
external-variables = { $names }의 값에 따라 달라짐
external-unrecorded = 기록되지 않음: { $what }
external-bucket = 버킷 정책이 이런 요청 중 일부는 허용하지만 이 요청은 허용하지 않음: { $bucket }
external-zone = `{ $word }`은(는) 계정도 조직도 아닙니다
external-type = `{ $word }`은(는) 리소스 유형이 아닙니다. 가능한 유형: { $names }
advice-external-zone = 12자리 계정 ID 또는 조직 ID(o-...)를 쓰세요
check-fails = 실패
check-passes = 확인을 통과했습니다
check-column-result = 결과
check-files = 이 확인에는 정책 파일이 { $wanted }개 필요하지만 { $given }개가 지정되었습니다
check-open = 정책 { $path }을(를) 열 수 없습니다
check-policy = { $path }을(를) 확인할 수 없습니다
check-type = --no-public에는 --type으로 정책이 연결될 리소스의 유형을 지정해야 합니다
help-iam-external = 신뢰 영역 밖에서 누가 어떤 리소스에 액세스할 수 있는지 요청 예와 함께 나열
help-iam-external-account = 이 계정의 리소스만. 여러 번 지정 가능
help-iam-external-types = 이 유형의 리소스만(AWS::S3::Bucket 또는 Bucket). 여러 번 지정 가능
help-iam-external-zone = 신뢰하는 계정과 조직(o-...) [기본값: 각 리소스의 조직, 조직이 없으면 그 계정]
help-iam-external-as-of = 이 시점의 상태로 판정(2026-11-22, 2026-11-22T09:30+09:00 또는 3일 전을 뜻하는 3d)
help-iam-external-format = table, json, jsonl 또는 csv
help-iam-external-after =
    예:
      haechi iam external
      haechi iam external --type Bucket --account 111122223333
      haechi iam external --zone o-exampleorgid 444455556666 --format json

    종료 코드: 0 열린 것이 없음, 1 하나라도 열려 있거나 판정할 수 없음.
help-iam-check = 정책이 새 액세스, 퍼블릭 액세스 또는 금지된 작업을 허용하는지 요청 예와 함께 확인
help-iam-check-no-new-access = 두 번째 정책이 첫 번째 정책에 없는 액세스를 허용하지 않음
help-iam-check-no-public = 정책이 리소스를 퍼블릭으로 열지 않음. --type과 함께 지정
help-iam-check-not-granted = 정책이 이 작업(s3:GetObject, 's3:Put*')을 허용하지 않음. 여러 번 지정 가능
help-iam-check-files = 정책 파일. --no-new-access에는 이전 파일과 새 파일
help-iam-check-resource-type = 정책이 연결될 리소스의 유형(AWS::S3::Bucket). 없으면 보안 주체가 있는 정책은 임의 리소스의 정책으로 봄
help-iam-check-format = table, json, jsonl 또는 csv
help-iam-check-after =
    예:
      haechi iam check --no-new-access old.json new.json
      haechi iam check --no-public bucket-policy.json --type AWS::S3::Bucket
      haechi iam check --not-granted 'iam:*' --not-granted s3:DeleteBucket role.json

    종료 코드: 0 통과, 1 실패 또는 판정 불가, 2 확인할 수 없음.
