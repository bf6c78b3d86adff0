# 계정 간 공유.
sharing-may-launch = 인스턴스 시작
sharing-may-copy = 복사
sharing-may-decrypt = 읽기(복호화)
sharing-may-read-blocks = 블록 읽기
sharing-may-auto-scaling = Auto Scaling
sharing-may-restore = 복원
sharing-may-encrypt = 암호화
sharing-may-grant = 권한 부여 생성
sharing-answer-there = 가능
sharing-answer-theirs = 소유자 쪽은 가능
sharing-answer-conditional = 조건부
sharing-answer-unknown = 판정 불가
sharing-answer-missing = 불가
sharing-state-there = 있음
sharing-state-theirs = 상대 계정 소관
sharing-state-conditional = 조건부
sharing-state-unknown = 기록 없음
sharing-state-missing = 없음!
sharing-state-can-grant = 부여 가능
sharing-state-cannot-grant = 부여 불가
sharing-layer-launch-permission = 시작 권한
sharing-layer-create-volume-permission = createVolumePermission
sharing-layer-restore-attribute = restore 속성
sharing-layer-resource = 리소스
sharing-layer-key = KMS 키
sharing-layer-key-policy = 키 정책
sharing-column-may = 작업
sharing-column-answer = 가능 여부
sharing-column-hangs = 걸리는 것
sharing-column-state = 상태
sharing-column-layer = 근거
sharing-column-what = 권한
sharing-column-evidence = 출처
sharing-column-with = 공유 대상
sharing-column-by = 출처
sharing-column-from = 맡는 쪽
sharing-column-role = 역할
sharing-column-notes = 참고
sharing-there = { $who }: 필요한 권한이 모두 있습니다
sharing-theirs = 소유자 쪽 권한은 모두 있습니다. 계정 { $account }은(는) 기록되지 않아 그쪽 권한은 알 수 없습니다
sharing-conditional = { $who }: 조건부로 또는 요청의 일부에 대해서만 가능합니다
sharing-unknown = { $who }: 기록되지 않은 것이 있어 판정할 수 없습니다
sharing-missing = { $who }: 권한 { $count }개가 없습니다
sharing-able = 계정의 사용자와 역할 { $asked }개 중 { $count }개가 가능합니다: { $names }
sharing-fix-share-image = 이미지 공유: { $resource }의 시작 권한에 { $account }을(를) 추가하세요
sharing-fix-share-snapshot = 스냅샷 공유: { $resource }의 createVolumePermission에 { $account }을(를) 추가하세요
sharing-fix-share-database-snapshot = 스냅샷 공유: { $resource }의 restore 속성에 { $account }을(를) 추가하세요
sharing-fix-share-with-account = 계정이 스냅샷의 퍼블릭 공유를 모두 차단합니다: { $resource }을(를) { $account }과(와) 직접 공유하세요
sharing-fix-enable-image = 이미지 { $resource }을(를) 사용할 수 없습니다 ({ $where })
sharing-fix-reencrypt-with-own-key = AWS 관리형 키는 공유할 수 없습니다: 고객 관리형 키로 복사한 뒤 그 복사본을 공유하세요
sharing-fix-enable-key = { $resource }을(를) 사용할 수 없습니다 ({ $where }): 키를 활성화하거나 삭제를 취소하세요
sharing-fix-allow-in-key-policy = { $resource }의 키 정책: { $account }에 { $what } 허용
sharing-fix-create-grant = { $who }에는 정책을 연결할 수 없습니다: { $account }의 누군가가 { $resource }에 { $what } 권한 부여를 만들어야 합니다
sharing-fix-allow-in-identity = { $who }의 정책: { $resource }의 ARN에 { $what } 허용
sharing-fix-allow-in-boundary = { $who }의 권한 경계: { $what } 허용
sharing-fix-allow-in-scp = { $account }의 SCP: { $where }에서 { $what }을(를) 허용하는 것이 없습니다
sharing-fix-allow-in-rcp = 소유자 계정의 RCP: { $where }에서 { $what }을(를) 허용하는 것이 없습니다
sharing-fix-remove-deny = { $who }의 { $what }이(가) 거부됩니다: { $where }
sharing-fix-copy-first = 공유된 암호화 스냅샷은 바로 복원할 수 없습니다: { $resource }을(를) 먼저 복사하고 그 복사본을 복원하세요
sharing-fix-cannot-copy-product = 제품 코드가 있는 이미지는 다른 계정이 복사할 수 없습니다: 인스턴스를 시작한 뒤 그 인스턴스로 이미지를 만드세요
sharing-fix-create-service-linked-role = { $account }에 Auto Scaling 서비스 연결 역할이 아직 없습니다: 역할을 생성하세요
sharing-note-grant-itself = 그 권한 부여는 EC2를 통하지 않고 KMS를 직접 호출해 만듭니다. 키 정책이 kms:GrantIsForAWSResource 조건으로 허용한 것은 해당하지 않습니다
sharing-note-own-account = 이 계정이 소유자이므로 공유할 것이 없습니다
sharing-note-public-though-blocked = 계속 퍼블릭 상태입니다: 퍼블릭 액세스 차단은 새로운 공유에만 적용됩니다
sharing-note-product-code = 이미지에 제품 코드가 있습니다: AWS Marketplace 구독은 확인하지 않습니다
sharing-note-associated-key = 암호화에 쓰인 키가 아니라 스냅샷에 연결된 다른 키로 열립니다
sharing-note-own-key-for-copy = 복사본은 복사하는 계정의 키로 암호화되며, 그 키도 이를 허용해야 합니다
sharing-note-lacks-least = 계정의 사용자와 역할 { $asked }개 모두 불가능합니다. 부족한 권한이 가장 적은 주체를 표시합니다
sharing-counts = 다른 계정과의 공유 { $count }건, 그중 퍼블릭 { $public }건. 확인한 리소스 { $looked }개
sharing-none = 다른 계정과 공유된 것이 없습니다. 확인한 리소스 { $looked }개
sharing-roles-too = 외부에서 맡을 수 있는 역할도 있습니다({ $count }건): haechi iam sharing --roles
sharing-trust-counts = 역할 { $roles }개에 대한 외부 신뢰 { $count }건, 그중 약점이 있는 것 { $weak }건
sharing-trust-none = 역할 { $roles }개 중 외부에서 맡을 수 있는 것이 없습니다
sharing-trust-no-external-id = { $note }: 외부 계정을 sts:ExternalId 없이 신뢰합니다. 그 계정의 다른 고객이 이 역할을 사용하게 할 수 있습니다
sharing-trust-no-source = { $note }: 누구를 위한 호출이든 서비스를 신뢰합니다. aws:SourceArn 또는 aws:SourceAccount로 제한할 수 있습니다
sharing-trust-no-subject = { $note }: 공급자의 모든 사용자를 신뢰합니다. sub로 제한할 수 있습니다
sharing-trust-wide-subject = { $note }: 주체가 와일드카드로 시작합니다
sharing-trust-unused = { $note }: 신뢰 정책은 허용하지만 그쪽 계정의 정책이 허용하지 않습니다
sharing-trust-unrecorded = 기록되지 않은 신뢰 정책: { $names }
sharing-purpose = `{ $word }`은(는) 물을 수 없는 작업입니다
sharing-wrong-purpose = { $kind }에는 { $word }을(를) 물을 수 없습니다. 가능한 것: { $names }
sharing-nothing = `{ $word }`은(는) 기록된 이미지, 스냅샷, 키가 아닙니다
sharing-several = `{ $word }`에 해당하는 것이 여럿입니다: { $names }
sharing-not-principal = `{ $word }`은(는) 계정, 사용자, 역할이 아닙니다
advice-sharing-purpose = launch, copy, decrypt, read-blocks, auto-scaling, restore, encrypt, grant 중에서 지정하세요
advice-sharing-nothing = ARN 또는 ID를 지정하세요. `haechi resources list --type AWS::EC2::Image`로 기록된 것을 볼 수 있습니다
advice-sharing-with = 12자리 계정 ID 또는 사용자나 역할의 ARN을 지정하세요
help-iam-sharing = 다른 계정이 공유된 이미지를 시작하거나 스냅샷을 복사·복호화하거나 키를 사용하는 데 필요한 권한을 하나씩 확인: 있는 권한과 없는 권한
help-iam-sharing-resource = 이미지, EBS 또는 RDS 스냅샷, KMS 키의 ARN, ID, 이름, 별칭 [기본값: 공유된 모든 것]
help-iam-sharing-with = 상대 계정(12자리) 또는 사용자나 역할의 ARN
help-iam-sharing-may = 하려는 작업: launch, copy, decrypt, read-blocks, auto-scaling, restore, encrypt, grant. 여러 번 지정 가능 [기본값: 모두]
help-iam-sharing-roles = 다른 계정, 서비스, 자격 증명 공급자 중 누가 어떤 역할을 맡을 수 있는지
help-iam-sharing-account = 이 계정의 리소스와 역할만. 여러 번 지정 가능
help-iam-sharing-as-of = 이 시점의 상태로 판정(2026-11-22, 2026-11-22T09:30+09:00, 또는 3일 전을 뜻하는 3d)
help-iam-sharing-format = table, json, jsonl, csv 중 하나
help-iam-sharing-after =
    예:
      haechi iam sharing
      haechi iam sharing --roles
      haechi iam sharing ami-0123456789abcdef0 --with 444455556666
      haechi iam sharing ami-0123456789abcdef0 --with 444455556666 --may launch
      haechi iam sharing ami-0123456789abcdef0 --with arn:aws:iam::444455556666:role/builder --may auto-scaling
      haechi iam sharing alias/images --with 444455556666 --may decrypt --format json

    종료 코드: 0 기록된 계정으로 알 수 있는 한 필요한 권한이 모두 있음, 1 없는 권한이 있거나 판정할 수 없음,
    2 확인할 수 없음.
