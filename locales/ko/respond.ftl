# 플레이북에 따른 AWS 변경과 알림.
column-playbook = 플레이북
column-inputs = 입력
column-input = 입력
column-plan = 계획
column-made = 작성 시각
column-expires-after = 실행 취소 기한
column-approval = 승인
column-step = 단계
column-change = 변경 내용
column-call = 호출
column-undo = 실행 취소
column-before = 이전 상태
column-after = 이후 상태
column-error = 오류
column-note = 참고
column-destination = 대상
column-event = 이벤트
column-attempts = 시도 횟수
column-next = 다음 시도
column-delivered = 전달 시각
respond-undo-yes = 완전 복원
respond-undo-partly = 일부 복원
respond-undo-no = 없음
respond-seconds = { $count }초
respond-already = 호출 불필요: 이미 원하는 상태입니다
respond-nothing-to-do = 모든 것이 이미 플레이북이 원하는 상태이므로 할 일이 없습니다.
respond-phase-planned = 계획됨
respond-phase-approved = 승인됨
respond-phase-partly-applied = 일부 적용됨
respond-phase-applied = 적용됨
respond-phase-partly-undone = 일부 실행 취소됨
respond-phase-undone = 실행 취소됨
respond-applied = 완료, { $at }
respond-was-so = 이미 원하는 상태였음, { $at }
respond-kept = 그대로 유지, { $at }
respond-failed = 거부됨, { $at }
respond-unknown = 알 수 없음, { $at }: AWS에서 처리되었는지 알 수 없습니다. --resume으로 적용하면 확인합니다
respond-undone = 실행 취소됨, { $at }
respond-was-undone = 이미 실행 취소되어 있었음, { $at }
respond-undo-failed = 실행 취소 거부됨, { $at }
respond-undo-unknown = 실행 취소 여부를 알 수 없음, { $at }: 다시 실행 취소하면 확인합니다
respond-step-done = { $step }: { $call } 완료
respond-step-already = { $step }: 이미 원하는 상태이므로 할 일이 없습니다
respond-step-kept = { $step }: 그대로 유지합니다
respond-step-failed = { $step }: { $call } 호출이 거부되었습니다
respond-step-unknown = { $step }: { $call } 처리 여부를 알 수 없습니다
respond-approved = 계획 { $plan }이(가) 승인되었습니다. `haechi respond apply { $plan }`로 적용하세요.
respond-next = 아직 아무것도 변경하지 않았습니다. `haechi respond approve { $plan } --by NAME --reason TEXT`로 승인한 다음 `haechi respond apply { $plan }`로 적용하세요.
respond-ask = 이 호출을 실행하시겠습니까? [y/N]
respond-ask-undo = 실행 취소하시겠습니까? [y/N]
respond-declined = 확인하지 않았으므로 아무것도 변경하지 않았습니다
error-respond-no-playbook = 플레이북 { $playbook }이(가) 없습니다
error-respond-input-unknown = --set { $name }: 플레이북에 이 입력이 없습니다
error-respond-input-missing = 입력 { $name }이(가) 없습니다: { $meaning }
error-respond-input = 입력 { $name }이(가) 올바르지 않습니다
error-respond-set = --set `{ $word }`은(는) NAME=VALUE 형식이 아닙니다
error-respond-set-twice = --set { $name }이(가) 두 번 지정되었습니다
error-respond-limit = { $per }에 이미 { $standing }개가 적용 중입니다(최대 { $most }개)
error-respond-never = --expires: 이 플레이북은 실행 취소할 수 없습니다
error-respond-read = 계획의 근거를 읽을 수 없습니다
error-respond-playbook = 플레이북이 AWS의 응답과 맞지 않습니다
error-respond-plan = 계획 { $plan }을(를) 읽을 수 없습니다
error-respond-finding-file = { $path }에 결과가 없습니다
error-respond-interrupted = 중단되었습니다. 이미 수행한 단계는 기록되어 있습니다
error-respond-words = 승인에는 승인자와 이유가 필요합니다
error-respond-phase = { $phase } 상태의 계획은 승인할 수 없습니다
error-respond-stale = 계획 { $plan }이(가) 더 이상 유효하지 않습니다
error-respond-approval = 계획 { $plan }이(가) 승인되지 않았습니다
error-respond-partly = 계획 { $plan }이(가) 일부만 적용되었습니다
error-respond-undone = 계획 { $plan }은(는) 실행 취소되었습니다
error-respond-nothing-done = 계획 { $plan }에서 적용된 것이 없습니다
error-respond-changed = { $step }: 다른 누군가가 변경했습니다
error-respond-not-ours = { $step }: 계획을 적용한 뒤 변경되었으므로 아무것도 실행 취소하지 않았습니다
error-respond-refused = { $step }: 호출이 거부되었습니다
error-respond-not-shown = { $step }: AWS가 호출을 수락했지만 변경이 나타나지 않습니다
error-respond-script = 터미널이 없으면 --apply로 확인을 받을 수 없습니다
error-respond-reason = 터미널이 없으면 실행 취소에 --reason이 필요합니다
error-notify-settings = 설정 파일의 `notify`
error-notify-none = 설정된 알림 대상이 없습니다
advice-did-you-mean = { $word }을(를) 찾으십니까?
advice-respond-list = `haechi respond list`로 플레이북 목록을 볼 수 있습니다
advice-respond-inputs = 사용할 수 있는 입력: { $names }
advice-respond-set = --set { $name }=VALUE를 추가하거나, 이 값이 있는 결과를 --finding으로 지정하세요
advice-respond-limit = 먼저 이전 계획을 실행 취소하거나(`haechi respond plans`) --set most=NUMBER로 한도를 늘리세요
advice-respond-policy = `haechi respond PLAYBOOK --policy`로 필요한 권한을 출력할 수 있습니다
advice-respond-again = 계획을 새로 작성하세요
advice-respond-approve = `haechi respond approve { $plan } --by NAME --reason TEXT`로 승인하세요
advice-respond-resume = 원인을 해결한 뒤 `haechi respond apply PLAN --resume`으로 계속하거나, `haechi respond undo PLAN`으로 적용한 것을 되돌리세요
advice-respond-undo-again = 원인을 해결한 뒤 `haechi respond undo PLAN`을 다시 실행하세요
advice-respond-force = 변경 내용을 확인하세요. 그래도 실행 취소하려면 --force를 사용하세요
advice-respond-partly-changed = `haechi respond undo PLAN`으로 적용한 것을 되돌리고 계획을 새로 작성하세요
advice-respond-role = --profile로 해당 계정의 프로필을 지정하거나 --role로 그 계정의 역할을 지정하세요
advice-respond-script = 계획을 승인한 다음 `haechi respond apply { $plan }`을 실행하세요
advice-notify-settings = haechi.toml에 `to = "https://..."`가 있는 [[notify]]를 추가하세요
notify-delivered = 전달됨
notify-failed = 실패
notify-waiting = 대기 중
notify-dead = 중단됨
notify-sent = 전달 { $delivered }건, 대기 { $waiting }건, 중단 { $dead }건
help-respond = 결과에 대응: 플레이북에서 정확한 AWS 변경 계획을 작성하고 승인, 적용, 실행 취소
help-respond-after =
    예:
      haechi respond list
      haechi respond block-address-network-acl --finding 3f2a91c0 --expires 24h
      haechi respond isolate-instance --finding 3f2a91c0
      haechi respond disable-access-key --set accessKeyId=AKIAIOSFODNN7EXAMPLE --policy
      haechi respond approve 7d41c2 --by mina --reason TICKET-481
      haechi respond apply 7d41c2
      haechi respond undo 7d41c2 --by mina --reason '오탐'
      haechi respond due --undo

    승인 없이는 아무것도 변경하지 않습니다. 터미널에서는 --apply가 확인을 요청하고, 스크립트에는 승인된 계획의 ID가 필요합니다.
help-respond-playbook = 플레이북(`haechi respond list`의 이름)
help-respond-set = 플레이북의 입력. 반복 가능
help-respond-finding = 대응할 결과. 플레이북이 입력을 여기서 가져옵니다
help-respond-finding-file = 파일에 있는 결과(-는 표준 입력). EventBridge 또는 GetFindings 형식의 GuardDuty 결과
help-respond-account = 계정 [기본값: 결과의 계정, 없으면 자격 증명의 계정]
help-respond-region = 리전 [기본값: 결과의 리전, 없으면 자격 증명의 리전]
help-respond-expires = 적용 후 실행 취소 기한까지의 시간(예: 24h)
help-respond-plan = 계획만 작성(기본값)
help-respond-apply = 계획을 작성하고 터미널에서 확인한 뒤 적용
help-respond-policy = 플레이북에 필요한 IAM 정책만 JSON으로 출력. 호출하지 않음
help-any-role = 계획의 계정에서 맡을 역할(이름 또는 ARN). 호출 권한이 있어야 함
help-any-by = 결정하는 사람 [기본값: 이 컴퓨터의 사용자 이름]
help-any-id = 계획 ID 또는 고유하게 식별되는 앞부분
help-respond-list = 플레이북 목록 또는 플레이북 하나의 상세 표시
help-respond-list-playbook = 표시할 플레이북
help-respond-plans = 계획을 최신순으로 나열
help-respond-show = 계획 표시: 호출, 승인자, 수행 내역
help-respond-approve = 계획 승인. 계획의 근거가 변경되었으면 거부
help-respond-approve-by = 승인자
help-respond-approve-reason = 이유(예: 티켓)
help-respond-apply-resume = 중단되었거나 실패한 계획을 계속
help-respond-undo = 계획이 수행한 것을 마지막 단계부터 되돌림
help-respond-undo-reason = 이유. 없으면 터미널에서 확인
help-respond-undo-force = 이후 다른 사람이 상태를 변경했더라도 실행
help-respond-due = 실행 취소 기한이 된 계획을 나열하거나 실행 취소
help-respond-due-undo = 실행 취소
help-notify = 위협 알림: 설정된 대상 시험, 전달되지 않은 알림 조회와 재전송
help-notify-test = 설정된 모든 대상에 샘플을 한 번 전송
help-notify-list = 전달되지 않은 알림 나열: 대기 중이거나 시도 횟수를 넘어 중단됨
help-notify-list-all = 전달된 알림도 표시
help-notify-retry = 전달되지 않은 알림을 다시 전송
help-notify-retry-numbers = 알림 번호 [기본값: 전체]
help-notify-retry-wait = 계속 시도할 시간(초)
help-any-notify = 찾은 것을 설정의 알림 대상에 전송(haechi.toml의 `[[notify]]`)
