# 권한 상승 경로.
paths-column-step = 단계
paths-column-from = 출발
paths-column-how = 방법
paths-column-id = 경로
paths-column-to = 얻는 대상
paths-column-certainty = 확실성
paths-column-cut = 차단하려면 제거할 권한
paths-certain = 확실
paths-maybe = 가능
paths-counts = 경로 { $paths }개(그중 { $maybe }개는 조건에 따라 가능). 보안 주체 { $asked }개 중 { $admins }개는 이미 관리자
paths-none = 보안 주체 { $asked }개 중 관리자 권한에 이르는 경로가 있는 주체는 없습니다. { $admins }개는 이미 관리자입니다
paths-none-to = 보안 주체 { $asked }개 중 그곳에 이르는 경로가 있는 주체는 없습니다
paths-unknown = 보안 주체 { $count }개에 기록되지 않은 정책이 있습니다. 그 정책만 허용하는 권한은 세지 않았습니다
paths-fix = { $id }: { $says }
paths-supposes = { $id }의 전제: { $says }
paths-nobody = { $name }은(는) 기록되지 않았습니다
paths-max-steps = --max-steps는 1에서 { $most } 사이여야 합니다
help-iam-paths = 관리자 권한이나 지정한 대상에 이르는 권한 상승 경로를 단계별 근거 및 차단 방법과 함께 나열
help-iam-paths-from = 이 보안 주체의 경로만, 첫 단계별로 표시: 사용자나 역할의 ARN, 외부 계정 또는 `*`
help-iam-paths-to = 도달하려는 대상: `admin` 또는 사용자, 역할, 루트 사용자, 리소스의 ARN
help-iam-paths-account = 이 계정의 보안 주체에서 시작하는 경로만. 여러 번 지정 가능
help-iam-paths-max-steps = 이보다 단계가 많은 경로는 제외
help-iam-paths-as-of = 이 시점의 상태로 탐색(2026-11-22, 2026-11-22T09:30+09:00 또는 3일 전을 뜻하는 3d)
help-iam-paths-format = table, json, jsonl 또는 csv
help-iam-paths-after =
    예:
      haechi iam paths
      haechi iam paths --from arn:aws:iam::111122223333:user/mina
      haechi iam paths --to arn:aws:iam::111122223333:role/admin --format json
      haechi iam paths --account 111122223333 --max-steps 1 --format csv

    종료 코드: 0 관리자가 아닌 보안 주체의 경로가 없음, 1 경로가 있음, 2 탐색할 수 없음.
