# 조직 변경의 영향.
column-whatif-class = 변경 후
column-whatif-answer = 판정
column-whatif-action = 작업
column-whatif-calls = 호출 수
column-whatif-because = 이유
column-whatif-added = 추가되는 정책
column-whatif-removed = 제거되는 정책
column-whatif-narrower = 새로 허용이 필요한 위치
column-whatif-lost = 상실
column-whatif-limited = 제한
column-whatif-gained = 획득
column-whatif-widened = 확대
column-whatif-used = 그중 사용됨
whatif-accounts = 가드레일이 바뀌는 계정
whatif-calls = 영향을 받는 로그의 호출
whatif-classes = 로그의 모든 이벤트(각각 한 분류에만 속함)
whatif-access = 자격 증명 기반 정책이 부여한 권한
whatif-class-denied = 거부됨
whatif-class-undecided = 판정 불가
whatif-class-freed = 허용됨
whatif-class-maybe-freed = 거부되었으며 판정 불가
whatif-class-allowed = 그대로 허용
whatif-class-untouched = 허용, 변경 없음
whatif-class-denied-in-log = 거부되었고 그대로 거부
whatif-class-denied-already = 현재 정책에서 이미 거부
whatif-class-management = 제외: 관리 계정
whatif-class-service-linked = 제외: 서비스 연결 역할
whatif-class-service = AWS 서비스
whatif-class-outsider = 조직 외부
whatif-class-no-permission = 권한 불필요
whatif-because-statement = { $place } { $sid }
whatif-because-nothing = { $target }에 연결된 정책 중 허용하는 것이 없음
whatif-because-keys = 로그에 { $keys } 값이 없음({ $place })
whatif-because-resource = 로그에서 리소스를 알 수 없음({ $place })
whatif-because-action = 작업 목록에 없는 작업
whatif-because-several = 여러 작업 중 하나가 필요했음
whatif-because-caller = 로그에서 호출자를 알 수 없음
whatif-because-unrecorded = { $policy } 정책이 기록되지 않음
whatif-sum = 전체 이벤트 { $events }건, { $first }부터 { $last }까지.
whatif-no-events = CloudTrail 이벤트를 찾지 못했습니다.
whatif-no-calls = 영향을 받는 호출이 로그에 없습니다.
whatif-no-accounts = 가드레일이 바뀌는 계정이 없습니다.
whatif-no-access = 부여된 권한 중 생기거나 없어지는 것이 없습니다.
whatif-fault = { $policy }, { $line }행: 이 문은 무시됩니다. { $what }
whatif-no-change = 변경할 내용을 지정하지 않았습니다
whatif-no-organization = 기록된 조직이 없습니다
whatif-several = 조직이 { $count }개 기록되어 있으나 변경은 한 조직에 대해서만 확인할 수 있습니다
whatif-unknown-target = 루트, 조직 단위 또는 계정 “{ $name }”이(가) 없습니다
whatif-unknown-policy = 조직에 “{ $name }” 정책이 없습니다
whatif-impossible = 이 변경은 적용할 수 없습니다
whatif-no-file = { $path } 파일이 없습니다
whatif-read-policy = 정책 { $path }을(를) 읽을 수 없습니다
whatif-interrupted = 중단됨: 로그의 일부만 확인했습니다
whatif-incomplete = 일부 로그를 읽지 못했습니다. 해당 로그의 내용은 위 결과에 없습니다.
advice-whatif-change = 변경을 지정하세요: --attach 파일 --to OU, --detach 정책 --from OU, --replace 정책 파일, --move 계정 --to OU
advice-whatif-tree = `haechi org tree`로 계층 구조를 확인하세요
advice-whatif-policies = `haechi org policies`로 정책과 연결 대상을 확인하세요
help-org-whatif = 정책이나 계층 구조를 바꿀 때 권한과 CloudTrail 로그의 호출이 받는 영향 확인
help-org-whatif-attach = 정책 연결: 새 정책이 담긴 파일 또는 기존 정책의 ID나 이름
help-org-whatif-detach = 정책 분리(ID 또는 이름)
help-org-whatif-move = 계정 이동(ID 또는 이름)
help-org-whatif-to = 연결하거나 이동할 위치: ID, 이름, Root/Workloads 형식의 경로 또는 ROOT
help-org-whatif-from = 분리할 위치
help-org-whatif-replace = 정책 내용을 파일로 교체
help-org-whatif-logs = 다시 판정할 CloudTrail 로그: 파일, 폴더, s3://BUCKET/PREFIX, SQS 대기열 또는 표준 입력을 뜻하는 -
help-org-whatif-as-of = 이 시점의 조직을 기준으로 판정(2026-11-22, 2026-11-22T09:30+09:00 또는 3일 전을 뜻하는 3d)
help-org-whatif-all = 영향을 받지 않는 호출까지 모두 나열
help-org-whatif-format = table, json, 호출 목록은 csv 또는 jsonl
help-org-whatif-after =
    예시:
      haechi org whatif --attach deny-ec2.json --to Root/Workloads --logs ./logs --since 30d
      haechi org whatif --detach FullAWSAccess --from ou-ab12-cdefghij --attach p-0123abcd --to ou-ab12-cdefghij
      haechi org whatif --replace p-0123abcd region-limit.json --logs s3://my-trail-bucket --since 7d --format json
      haechi org whatif --move 111122223333 --to Root/Sandbox --logs ./logs --format csv

    종료 코드: 0 거부될 호출 없음, 1 거부될 호출 있음, 2 확인할 수 없음.
# 조직의 정책.
column-org-scps = SCP
column-org-scps-inherited = 상속된 SCP
column-org-rcps = RCP
column-org-rcps-inherited = 상속된 RCP
column-org-others = 기타 정책
column-org-strategy = 이 위치의 전략
column-org-effective = 유효 전략
column-org-statements = 문 수
column-org-passes = 호출 통과
column-org-weight = 심각도
column-org-place = 위치
column-org-policy = 정책
column-org-mistake = 내용
org-policies-tree = 계층 구조별 정책
org-policies-levels = 계정에 적용되는 수준별 정책
org-policies-mistakes = 잘못된 설정과 참고 사항
org-policies-regions = SCP에 따라 계정에서 사용할 수 있는 리전
org-policies-no-mistakes = 발견된 사항이 없습니다.
org-policies-no-levels = 이 계정에 적용되는 SCP가 없습니다.
org-policies-block-list = 거부 목록
org-policies-allow-list = 허용 목록
org-policies-unknown = 기록 없음
org-policies-nothing = 허용 없음
org-policies-not-bound = 적용 안 됨
org-policies-off = 비활성
org-weight-error = 오류
org-weight-warning = 경고
org-weight-note = 참고
org-nothing-allowed = 여기에 연결된 SCP 중 허용하는 것이 없어 이 위치와 하위의 모든 작업이 거부됩니다(계정 { $accounts }개). FullAWSAccess 또는 허용 목록을 연결하세요.
org-allow-list-lacks = 이 위치의 허용 목록에 거의 모든 계정에 필요한 서비스가 없습니다: { $services }.
org-region-forgets-global = { $line }행: 리전 제한이 us-east-1에서 호출되는 글로벌 서비스도 거부합니다: { $services }. NotAction으로 제외하세요.
org-management-account = 관리 계정에 연결되어 효과가 없습니다.
org-too-large = { $characters }자입니다. AWS의 한도는 { $limit }자입니다.
org-too-many = { $type } 유형의 정책이 { $count }개입니다. AWS의 한도는 { $limit }개입니다.
org-exempt-by-name = { $line }행: { $patterns }은(는) 제외됩니다.
org-exempt-everywhere = { $line }행: 모든 계정에서 { $patterns }이(가) 제외됩니다. 이 이름의 보안 주체를 만들 수 있는 사람도 제외됩니다.
org-fault = { $line }행: 이 문은 무시됩니다. { $what }
org-repeated = 상위의 { $above }에 이미 연결되어 있습니다. Deny는 반복할 필요가 없습니다.
org-unattached = 연결된 대상이 없습니다.
org-not-recorded = 내용이 기록되지 않았습니다.
org-off = { $type } 유형의 정책이 있지만 해당 유형이 활성화되어 있지 않습니다.
org-account-tag = 계정의 태그 { $key }={ $value }이(가) 태그 정책을 준수하지 않습니다: { $allowed }.
org-tag-not-json = 태그 정책이 JSON이 아닙니다: { $why }
org-tag-no-tags = 태그 정책에 “tags” 객체가 없습니다.
org-tag-unknown-member = { $path }은(는) 태그 정책에 없는 항목입니다.
org-tag-no-operator = { $path }에 @@assign 같은 연산자가 필요합니다.
org-tag-other-key = { $path }이(가) { $key }로, 대소문자 이외의 차이가 있습니다.
org-tag-twice = 태그 키 { $key }에 대한 항목이 두 개입니다.
help-org-policies = 계층 구조별 SCP, RCP 및 기타 정책: 연결, 상속, 유효 정책과 잘못된 설정
help-org-policies-target = 루트, 조직 단위 또는 계정(ID, 이름 또는 경로). 생략하면 조직 전체
help-org-policies-as-of = 이 시점의 조직(2026-11-22, 2026-11-22T09:30+09:00 또는 3일 전을 뜻하는 3d)
help-org-policies-format = table 또는 json
help-org-policies-after =
    예시:
      haechi org policies
      haechi org policies Root/Workloads
      haechi org policies 111122223333 --format json

    종료 코드: 0 오류 없음, 1 계정을 막거나 AWS가 받지 않는 정책 또는 수준이 있음, 2 확인할 수 없음.
help-org-whatif-since = 이 시각부터(2026-11-22, 2026-11-22T09:30+09:00, 3일 전은 3d)
help-org-whatif-until = 이 시각까지
