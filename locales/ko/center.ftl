# IAM Identity Center: 계정별 액세스, 원하는 할당 상태, 액세스 검토.
center-nothing = IAM Identity Center에 대해 기록된 것이 없습니다
advice-center-record = 관리 계정 또는 IAM Identity Center의 위임된 관리자 계정을 해당 리전에서 기록하십시오: haechi record --org
center-unlisted = { $type }을(를) 끝까지 나열하지 못했습니다({ $reason })
center-no-instance = IAM Identity Center 인스턴스가 기록되지 않아 어떤 속성이 세션 태그가 되는지 알 수 없습니다
center-nobody = IAM Identity Center에 { $name }(이)라는 사용자가 없습니다
advice-center-who = 사용자 이름, 이메일 주소, 사용자 ID 또는 표시 이름을 지정하십시오. 목록은 haechi resources list --type AWS::IdentityStore::User로 볼 수 있습니다
advice-center-near = { $near }을(를) 말씀하신 것인가요?
center-several = { $name }에 해당하는 사용자가 여러 명입니다
advice-center-id = 그중 한 사람의 사용자 ID를 지정하십시오
center-no-account = 계정 { $name }은(는) 기록되지 않았습니다
advice-center-accounts = 계정 목록은 haechi org tree로 볼 수 있습니다
center-accounts = 이름이 { $name }인 계정이 여러 개입니다: { $ids }
center-read = { $path }을(를) 읽을 수 없습니다
center-whose = 누구의 액세스를 볼지 지정되지 않았습니다
advice-center-whose = 사용자를 지정하거나, 한 계정에서 누가 작업을 할 수 있는지 물으십시오: --action s3:DeleteBucket --account 111122223333
center-disabled = { $name }은(는) 비활성화되어 로그인할 수 없습니다. 활성화되면 갖게 될 액세스입니다
center-account-status = { $account }({ $name }) 계정은 { $status } 상태입니다
center-members-unknown = 그룹 { $count }개의 구성원이 기록되지 않아 액세스가 더 있을 수 있습니다
center-via-direct = 직접 할당
center-via-groups = { $groups }
center-via-both = 직접 할당 및 { $groups }
center-drift-none = 일치
center-drift-outdated = 최신 아님
center-drift-not-provisioned = 프로비저닝 안 됨
center-drift-set-not-recorded = 알 수 없음
center-drift-policy-missing = 정책 없음
center-drift-role-lacks = 정책 부족
center-drift-role-has-more = 정책 추가됨
center-drift-inline-differs = 인라인 정책 다름
center-drift-boundary-differs = 권한 경계 다름
center-drift-several-roles = 역할 여러 개
center-level-nothing = 없음
center-level-reads = 읽기 전용
center-level-reads-conditional = 읽기(조건부)
center-level-writes = 쓰기
center-level-writes-conditional = 쓰기(조건부)
center-level-power = 파워 유저
center-level-power-conditional = 파워 유저(조건부)
center-level-administrator = 관리자
center-level-administrator-conditional = 관리자(조건부)
center-taken = SCP { $scp }, 경계 { $boundary }, RCP { $rcp }
center-column-person = 사용자
center-column-set = 권한 세트
center-column-level = 액세스
center-column-via = 경로
center-column-session = 세션
center-column-taken = 제한된 작업 수
center-column-provisioned = 권한 세트와 일치
center-column-path = OU 경로
center-column-change = 변경
center-column-assignee = 대상
center-column-kind = 종류
center-column-subject = 항목
center-column-why = 이유
center-counts = { $name }: 계정 { $accounts }개에 권한 세트 { $sets }개
center-drifted = 권한 세트와 다른 역할 { $count }개: { $names }
center-no-access = { $name }에게는 조회한 계정에 할당된 권한 세트가 없습니다
center-tags = 세션 태그: { $tags }
center-tags-unknown = 값이 기록되지 않은 세션 태그: { $tags }
center-answer-counts = 사용자 { $people }명의 권한 세트 { $sessions }개 조회: 가능 { $yes }개, 조건부 { $conditional }개, 판단 불가 { $undecidable }개
center-nobody-can = 조회한 사용자 { $people }명 중 이 작업을 할 수 있는 사람은 없습니다
center-plan-create = 생성
center-plan-delete = 삭제
center-plan-counts = 생성 { $create }개, 삭제 { $delete }개, 유지 { $keep }개, 파일에 없지만 남겨 두는 할당 { $extra }개. 두 번 이상 요청된 할당 { $overlaps }개
center-plan-none = 할 일이 없습니다. 유지 { $keep }개, 파일에 없지만 남겨 두는 할당 { $extra }개
center-respond-nothing = 할 일이 없습니다. 할당이 파일과 같습니다
center-by-management = 호출 { $count }건은 관리 계정에 대한 것이어서 위임된 관리자는 실행할 수 없습니다
center-left-out = { $account }({ $name }) 계정은 { $status } 상태이므로 제외했습니다
center-entry-empty = { $entry }번째 항목에 해당하는 계정이 없습니다
center-assignee-user = 사용자
center-assignee-group = 그룹
center-diff-missing = 누락
center-diff-extra = 파일에 없음
center-diff-outdated = 최신 아님
center-diff-counts = 누락 { $missing }개, 파일에 없음 { $extra }개, 최신 아님 { $outdated }개, 파일과 일치 { $same }개
center-diff-none = 차이가 없습니다. 파일과 일치 { $same }개
center-duration = { $word }은(는) 기간이 아닙니다
advice-center-duration = AWS와 같이 시간과 분으로 쓰십시오: PT1H, PT1H30M
center-logs = 로그에는 { $since } 이후 계정 { $accounts }개의 이벤트 { $events }건이 있습니다
center-not-looked-staff = 확인하지 않음: 퇴사자(--users FILE로 재직자 목록을 지정)
center-not-looked-use = 일부 확인하지 않음: 권한 세트 사용 여부(--logs SOURCE로 지정. 이벤트가 없는 계정은 알 수 없음)
center-not-looked-orphans = 확인하지 않음: 존재하지 않는 사용자나 그룹에 대한 할당(사용자와 그룹이 모두 기록되지 않음)
center-not-looked-status = 일부 확인하지 않음: 비활성화된 사용자(일부 사용자의 상태가 기록되지 않음)
center-not-looked-provisioning = 일부 확인하지 않음: 최신이 아닌 권한 세트(이전 버전의 기록에는 이 정보가 없음)
center-review-none = 검토할 항목이 없습니다
center-review-counts = 검토할 항목 { $concerns }개(권한 세트 { $sets }개, 할당 { $assignments }개, 사용자 { $users }명, 그룹 { $groups }개 중)
center-why-leaver-not-listed = 재직자 목록에 없으나 계정 { $count }개에 액세스할 수 있습니다
center-why-leaver-disabled = 비활성화되었으나 계정 { $count }개에 아직 할당되어 있어, 다시 활성화하면 모든 액세스가 되살아납니다
center-why-orphan = { $account }의 { $what }이(가) 존재하지 않는 사용자나 그룹에 할당되어 있습니다
center-why-management = 어떤 SCP도 적용되지 않는 관리 계정 { $account }에서 { $what }에 할당되어 있습니다
center-why-long-session = 관리자 세션이 { $what }로, 기준 { $longest }보다 깁니다
center-why-full-administrator = 모든 리소스에 대한 모든 작업을 허용합니다({ $what })
center-why-outdated =
    { $account }의 역할이 권한 세트와 다릅니다: { $first ->
        [outdated] 최신 상태가 아님
        [not-provisioned] 역할이 없음
        [set-not-recorded] 권한 세트가 기록되지 않음
        [policy-missing] 권한 세트가 지정한 정책이 해당 계정에 없음
        [role-lacks] 역할에 없는 정책이 있음
        [role-has-more] 역할에 추가된 정책이 있음
        [inline-differs] 인라인 정책이 다름
        [boundary-differs] 권한 경계가 다름
        [several-roles] 역할이 여러 개 있음
       *[other] { $first }
    }{ $others ->
        [0] {""}
       *[other] {" "}외 { $others }건
    }
center-why-direct = 그룹이 아니라 직접 { $account }의 { $what }이(가) 할당되어 있습니다
center-why-no-boundary = 관리자 권한을 주면서 권한 경계가 없습니다
center-why-unassigned = 어디에도 할당되지 않았습니다
center-why-empty-group = { $account }의 { $what }이(가) 할당되어 있으나 구성원이 없습니다
center-why-unseen-set = 로그에서 계정 { $count }개 중 어디에서도 사용되지 않았습니다
center-why-unseen-assignment = 로그에서 { $account }의 { $what }을(를) 사용한 적이 없습니다
center-why-mfa-never = 로그인할 때 MFA를 요구하지 않습니다
center-why-mfa-device = MFA 디바이스가 없는 사용자도 로그인할 수 있습니다
center-why-mfa-context = 로그인 컨텍스트가 바뀔 때만 MFA를 요구합니다
center-why-mfa-source = 진술에는 자체 디렉터리라고 되어 있으나 기록에는 { $what }의 사용자가 있습니다
center-why-mfa-email = MFA 디바이스가 없는 사용자는 이메일로 코드를 받으므로, 메일을 읽을 수 있는 사람이면 누구나 로그인할 수 있습니다
center-why-mfa-keys = 보안 키와 내장 인증자가 허용되지 않아 피싱에 취약한 코드만 쓸 수 있습니다
center-why-mfa-old = MFA 설정의 진술 날짜({ $what })가 1년이 넘었거나 미래입니다
center-why-mfa-not-told = MFA 설정에 대한 진술이 없으며, 이를 알려 주는 API도 없습니다
center-why-mfa-not-told-all = MFA 설정의 진술에 빠진 항목이 있습니다: { $what }
center-why-mfa-external = ID 제공업체로 로그인하므로 MFA 설정이 여기에 없습니다
center-fix-leaver-not-listed = 퇴사자: 사용자를 비활성화하거나 삭제하고(ID 제공업체가 프로비저닝하면 그곳에서) 진행 중인 세션을 취소하십시오
center-fix-leaver-disabled = 비활성화된 사용자: 그룹에서 제외하고 할당을 삭제하십시오
center-fix-orphan = 대상이 없는 할당: 할당을 삭제하십시오
center-fix-management = 관리 계정: 꼭 필요한 소수에게만 할당하십시오
center-fix-long-session = 긴 세션: 권한 세트의 세션 기간을 업무에 필요한 만큼으로 줄이십시오
center-fix-full-administrator = 전체 관리자: 업무에 필요한 작업만 지정하거나 직무용 AWS 관리형 정책을 사용하십시오
center-fix-outdated = 최신 아님: 권한 세트를 다시 프로비저닝하고(ProvisionPermissionSet) 없는 정책을 생성하십시오
center-fix-direct = 직접 할당: 그룹에 할당하고 사용자를 그룹에 넣으십시오
center-fix-no-boundary = 권한 경계: 권한 세트에 권한 경계를 설정하십시오
center-fix-unassigned = 할당 없음: 권한 세트를 삭제하거나 할당하십시오
center-fix-empty-group = 빈 그룹: 할당을 삭제하거나 그룹에 사용자를 넣으십시오
center-fix-unseen-set = 미사용: 로그 기간이 충분하면 할당을 삭제하십시오
center-fix-unseen-assignment = 미사용: 로그 기간이 충분하면 이 할당을 삭제하십시오
center-fix-mfa-never = MFA: 로그인할 때마다 요구하십시오(설정, 인증)
center-fix-mfa-device = MFA: 로그인할 때 디바이스 등록을 요구하거나 로그인을 차단하십시오
center-fix-mfa-context = MFA: 로그인할 때마다 항상 요구하십시오
center-fix-mfa-source = MFA: 설정을 다시 확인하십시오(ID 제공업체의 사용자라면 그곳에서)
center-fix-mfa-email = MFA: 로그인할 때 디바이스 등록을 요구하십시오
center-fix-mfa-keys = MFA: 보안 키와 내장 인증자를 허용하십시오
center-fix-mfa-old = MFA: 설정을 다시 확인하고 새로 진술하십시오
center-fix-mfa-not-told = MFA: 설정을 파일에 진술하여 --mfa로 지정하십시오
center-fix-mfa-external = MFA: ID 제공업체 담당자에게 확인하십시오
help-org-access = IAM Identity Center 사용자가 각 계정에서 가진 액세스, 또는 한 계정에서 작업을 할 수 있는 사용자 확인
help-org-access-person = 액세스를 볼 사용자: 사용자 이름, 이메일 주소, 사용자 ID 또는 표시 이름. 생략하면 --account의 --action에 대해 모든 사용자를 조회
help-org-access-action = 액세스 수준 대신 이 작업의 가능 여부 확인(예: s3:DeleteBucket)
help-org-access-resource = 리소스의 ARN 또는 여러 리소스를 나타내는 패턴
help-org-access-account = 이 계정만(ID 또는 이름). 여러 번 지정 가능
help-org-access-context = 요청의 조건 키. 값이 여러 개면 값마다 한 번씩 지정
help-org-access-resource-account = ARN이나 기록으로 알 수 없는 경우 리소스를 소유한 계정
help-org-access-no-scps = SCP가 없는 것으로 간주
help-org-access-as-of = 이 시점의 상태(2026-11-22, 2026-11-22T09:30+09:00 또는 3일 전을 뜻하는 3d)
help-org-access-format = table, json, jsonl 또는 csv
help-org-access-after =
    예:
      haechi org access mina@example.com
      haechi org access mina --account shop --format json
      haechi org access mina --action s3:DeleteBucket
      haechi org access --action s3:DeleteBucket --account 111122223333
      haechi org access review --users staff.csv
help-org-access-review = 검토가 필요한 권한 세트, 할당, 사용자를 이유 및 조치와 함께 나열
help-org-access-review-users = 재직자의 사용자 이름이나 이메일 주소가 담긴 CSV 파일. 여기에 없으면서 액세스가 있는 사용자를 표시
help-org-access-review-mfa = 콘솔에 표시된 MFA 설정을 진술한 파일. 이 설정을 알려 주는 API는 없음
help-org-access-review-max-admin-session = 허용할 관리자 세션의 최대 길이. PT1H는 AWS의 기본값
help-org-access-review-logs = 권한 세트 사용 여부를 확인할 CloudTrail 로그: 파일, 폴더, s3://BUCKET/PREFIX, SQS 대기열 또는 표준 입력을 뜻하는 -
help-org-access-review-since = 이 시각부터(2026-11-22, 2026-11-22T09:30+09:00, 3일 전은 3d)
help-org-access-review-until = 이 시각까지
help-org-access-review-account = 이 계정의 이벤트만
help-org-access-review-region = 이 리전의 이벤트만
help-org-access-review-profile = 환경 변수의 키와 상관없이 사용할 AWS 프로필 [기본값: AWS CLI와 동일]
help-org-access-review-as-of = 이 시점의 상태(2026-11-22, 2026-11-22T09:30+09:00 또는 3일 전을 뜻하는 3d)
help-org-access-review-fail-on = 이 심각도부터 종료 코드 1: informational, low, medium, high, critical 또는 never [기본값: high]
help-org-access-review-format = table, json, jsonl 또는 csv
help-org-access-review-after =
    예:
      haechi org access review
      haechi org access review --users staff.csv --mfa mfa.yaml --fail-on medium
      haechi org access review --logs ./logs --since 90d --format csv

    종료 코드: 0 --fail-on 이상인 항목 없음, 1 있음, 2 확인할 수 없음.
help-org-assignments = 조직 단위별로 권한 세트 할당을 정한 파일을 기록과 비교
help-org-assignments-plan = 할당을 파일과 같게 만드는 데 필요한 작업 나열. AWS에는 아무것도 변경하지 않음
help-org-assignments-plan-file = 원하는 할당 상태를 적은 파일(YAML)
help-org-assignments-plan-prune = 파일에 없는 할당을 모두 삭제 대상에 포함
help-org-assignments-plan-as-of = 이 시점의 기록과 비교(2026-11-22, 2026-11-22T09:30+09:00 또는 3일 전을 뜻하는 3d)
help-org-assignments-plan-format = table, json, jsonl, csv 또는 AWS CLI 스크립트를 뜻하는 sh
help-org-assignments-plan-after =
    예:
      haechi org assignments plan assignments.yaml
      haechi org assignments plan assignments.yaml --prune --format json
      haechi org assignments plan assignments.yaml --format sh > apply.sh

    종료 코드: 0 할 일 없음, 1 할 일 있음, 2 확인할 수 없음.
help-org-assignments-respond = 계획을 haechi respond에 넘김. 다른 계획과 마찬가지로 보관, 승인, 적용, 되돌리기가 가능
help-org-assignments-respond-file = 원하는 할당 상태를 적은 파일(YAML)
help-org-assignments-respond-prune = 파일에 없는 할당을 모두 삭제 대상에 포함
help-org-assignments-respond-profile = 환경 변수의 키와 상관없이 사용할 AWS 프로필 [기본값: AWS CLI와 동일]
help-org-assignments-respond-role = 맡을 역할의 이름 또는 ARN. 필요한 호출을 할 수 있어야 함
help-org-assignments-respond-external-id = 역할의 신뢰 정책이 요구하는 외부 ID
help-org-assignments-respond-format = table 또는 json
help-org-assignments-respond-after =
    예:
      haechi org assignments respond assignments.yaml --prune
      haechi respond approve 7d41c2 --by mina --reason TICKET-481
      haechi respond apply 7d41c2 --profile identity-admin

    종료 코드: 0 계획을 만들었거나 할 일이 없음, 2 만들 수 없음.
help-org-assignments-diff = 기록이 파일과 다른 점: 누락된 할당, 파일에 없는 할당, 권한 세트와 다른 역할
help-org-assignments-diff-file = 원하는 할당 상태를 적은 파일(YAML)
help-org-assignments-diff-as-of = 이 시점의 기록과 비교(2026-11-22, 2026-11-22T09:30+09:00 또는 3일 전을 뜻하는 3d)
help-org-assignments-diff-format = table, json, jsonl 또는 csv
help-org-assignments-diff-after =
    예:
      haechi org assignments diff assignments.yaml
      haechi org assignments diff assignments.yaml --as-of 7d --format jsonl

    종료 코드: 0 차이 없음, 1 차이 있음, 2 확인할 수 없음.
