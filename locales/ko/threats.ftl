# Threats: what detections found in logs.
error-overtaken = 그 사이에 다른 프로세스가 저장소의 탐지 상태를 기록했습니다 ({ $what })
advice-overtaken = 다시 실행하세요. 다른 프로세스가 기록한 상태에서 이어집니다
threats-title = 위협
threats-none = 발견된 위협이 없습니다.
threats-files = 파일 { $count }개
threats-events = { $log }: 이벤트 { $count }건
threats-no-events = 이벤트 없음
threats-duplicates = 중복 { $count }건
threats-late = 하루 이상 늦게 도착 { $count }건(단일 이벤트 규칙만 적용)
threats-known = 이전에 저장한 파일 { $count }개
threats-skipped = 건너뛴 파일 { $count }개
threats-unreadable = 읽기 문제 { $count }건
threats-span = { $first } ~ { $last } UTC
threats-more-factors = 외 { $count }개
threats-more-events = 외 { $count }건
threats-about = { $type } · ID { $id } · 이벤트 { $events }
threats-detections = 탐지
threats-active = { $count }개 활성
threats-inactive = { $count }개 비활성, 필요한 것: { $needs }
threats-more-refused = 실행할 수 없는 규칙 { $count }개 더 있음
log-cloudtrail = CloudTrail
log-vpc-flow = VPC 흐름 로그
log-resolver-query = Resolver 쿼리 로그
log-eks-audit = EKS 감사 로그
log-s3-access = S3 액세스 로그
log-rds-login = 데이터베이스 로그인
log-waf = WAF 로그
factor-new = { $days ->
    [0] { $kind } { $value }: 이전에 관찰된 적이 없는 { $among }
   *[other] 이 { $among }에서 최근 { $days }일 동안 처음 나타난 { $kind }: { $value }
}
factor-rare = 이 { $among }에서 드문 { $kind }: { $value } (최근 { $days }일 동안 { $before }회)
factor-kind-api = 호출
factor-kind-service = 서비스
factor-kind-network = 네트워크
factor-kind-country = 국가
factor-kind-asn = 자율 시스템
factor-kind-user-agent = 사용자 에이전트
factor-kind-region = 리전
factor-kind-target = 대상
factor-kind-volume = 발생량
factor-kind-address = 주소
factor-kind-port = 포트
factor-kind-verb = 동사
factor-kind-image = 이미지
factor-kind-namespace = 네임스페이스
factor-kind-resource = 리소스
factor-kind-user = 사용자
factor-among-principal = 보안 주체
factor-among-role = 역할
factor-among-account = 계정
factor-among-organization = 조직
factor-among-key = 키
threats-response = 조치:
threats-evidence = 이벤트
threats-column-time = 시각(UTC)
threats-column-event = 이벤트
threats-column-principal = 보안 주체
threats-column-address = 주소
threats-column-event-id = 이벤트 ID
error-intel-name = `{ $name }`(이)라는 목록은 없습니다: { $names }
error-intel-read = { $path }을(를) 목록이나 데이터베이스로 읽을 수 없습니다
advice-intel = 파일 이름을 목록 이름으로 지정하세요: tor-exits.txt, threat-addresses.txt, mining-domains.txt, ip-ranges.json. 또는 --intel 이름=파일
error-intel-line = { $path }은(는) 목록이 아닙니다
advice-intel-line = 한 줄에 주소, CIDR, 범위 또는 도메인을 하나씩 적습니다. #부터는 주석입니다
advice-geo = 도시, 국가 또는 자율 시스템의 MaxMind 형식 데이터베이스(.mmdb)를 지정하세요
detections-column-score = 점수
detections-column-id = 탐지
detections-column-origin = 출처
detections-column-logs = 로그
detections-column-attack = ATT&CK
detections-column-needs = 필요 항목
detections-column-logic = 로직
detections-column-playbooks = 플레이북
detections-none = 해당 이름의 탐지가 없습니다.
detections-active = 활성
detections-inactive = 비활성
detections-refused = 거부됨
error-detection-unknown = `{ $id }` 탐지는 없습니다
advice-detections = `haechi detect list`로 전체 목록을 확인하세요
error-rules-read = { $path }을(를) Sigma 규칙으로 읽을 수 없습니다
error-rules-many = 규칙 파일이 { $most }개를 넘습니다
error-flow-format = 흐름 로그 형식을 해석할 수 없습니다
error-detect-state = 저장소의 탐지 상태를 이어서 사용할 수 없습니다
advice-detect-state = 더 새로운 haechi가 기록한 상태일 수 있습니다. --keep 없이는 상태가 필요하지 않습니다
samples-removed = 저장소에서 샘플 { $count }개를 제거했습니다
next-investigate = 전후에 무슨 일이 있었는지 단계별로 확인
next-keep = 위협과 기준선을 저장소에 보관
next-inactive = 어떤 목록과 데이터베이스가 있으면 더 많은 탐지가 활성화되는지 확인
advice-detection-meant = `{ $meant }`을(를) 찾으셨나요?
threats-column-count = 이벤트 수
threats-column-factor = 특이점
threats-column-related = 구성 결과
help-detect = 로그의 위협 탐지: GuardDuty 결과 유형, Haechi 자체 탐지, Sigma 규칙
help-detect-after =
    예:
      haechi detect ./logs/                              CloudTrail, 흐름 로그, DNS 쿼리, EKS 감사 로그를 내용으로 구분
      haechi detect s3://my-trail-bucket --since 7d --region us-east-1
      haechi detect ./logs --rules ./sigma/rules/cloud/aws --format jsonl
      haechi detect ./logs --intel tor-exits=exits.txt --geo GeoLite2-City.mmdb --geo GeoLite2-ASN.mmdb
      haechi detect ./today --keep                       기준선과 결과를 저장소에 보관
      haechi detect - < export.json.gz
      haechi detect list --inactive                      다른 탐지에 필요한 항목

    종료 코드: 0 --fail-on 이상의 위협 없음, 1 위협 있음, 2 수행하지 못함
help-detect-sources = 파일, 폴더, s3://BUCKET/PREFIX, SQS 대기열의 URL 또는 ARN, 표준 입력은 -
help-detect-rules = 기본 탐지에 더할 Sigma 규칙 파일 또는 폴더. 반복 가능
help-detect-intel = 목록: NAME=FILE 또는 목록 이름의 파일(tor-exits.txt)이 있는 폴더. 반복 가능
help-detect-geo = 주소별 위치와 네트워크 데이터베이스(.mmdb). 반복 가능
help-detect-trusted = 결과의 근거로 삼지 않을 주소와 범위, 한 줄에 하나. 반복 가능
help-detect-flow-format = 머리글이 없는 흐름 로그의 필드. 흐름 로그를 만들 때의 형식 문자열 그대로
help-detect-keep = 위협과 기준선을 저장소에 보관하고, 이전에 보관한 파일은 건너뜀
help-detect-notify = 발견한 위협을 설정의 대상(haechi.toml의 `[[notify]]`)에 알림
help-detect-fail-on = 종료 코드를 1로 만드는 최소 심각도: critical, high, medium, low, never [기본값: high]
help-detect-strict = 읽지 못한 것이 있으면 2로 종료
help-detect-since = 이 시각부터(2026-11-22, 2026-11-22T09:30+09:00, 3일 전은 3d)
help-detect-until = 이 시각까지
help-detect-types = 위협 유형(*와 ? 사용 가능)
help-detect-severity = 심각도: critical, high, medium, low
help-detect-format = 출력 형식: table, json, jsonl, csv, ocsf
help-detect-export = 파일로도 저장. 확장자로 형식 결정(.json .jsonl .csv .ocsf.json .txt). 반복 가능
help-detect-top = 표에 표시할 위협 수, 0이면 전체
help-detect-list = 탐지 목록과 비활성 탐지에 필요한 항목
help-detect-list-ids = ID(*와 ? 사용 가능)
help-detect-list-inactive = 비활성 탐지만
help-detect-list-intel = 목록: NAME=FILE 또는 목록 이름의 파일(tor-exits.txt)이 있는 폴더. 반복 가능
help-detect-list-geo = 주소별 위치와 네트워크 데이터베이스(.mmdb). 반복 가능
help-detect-list-trusted = 결과의 근거로 삼지 않을 주소와 범위, 한 줄에 하나. 반복 가능
help-detect-list-format = 출력 형식: table, json, jsonl, csv
help-detect-show = 탐지 하나의 의미, 찾는 것, 조치 표시
help-detect-show-id = 탐지의 ID
help-detect-show-format = 출력 형식: table, json
help-detect-samples = 샘플 결과: 유형마다 하나씩, 샘플로 표시
help-detect-samples-after =
    예:
      haechi detect samples                  표시만
      haechi detect samples --keep           저장소에 보관하여 결과를 읽는 도구를 시험
      haechi detect samples --remove         저장소에서 다시 제거
help-detect-samples-types = 유형(*와 ? 사용 가능)
help-detect-samples-keep = 저장소에 저장
help-detect-samples-notify = 설정의 대상에 알림
help-detect-samples-remove = 저장소의 모든 샘플 제거
help-detect-samples-format = 출력 형식: table, json, jsonl, csv, ocsf
help-investigate = 보안 주체, 세션, 키, 주소, 인스턴스, 버킷 또는 결과의 경위: 무엇을 했고 무엇이 새로운지
help-investigate-after =
    예:
      haechi investigate arn:aws:iam::111122223333:user/deploy --around 2026-11-19T01:15:00Z ./logs
      haechi investigate AKIAIOSFODNN7EXAMPLE ./logs --before 7d --after 2d
      haechi investigate 192.0.2.66 s3://my-trail-bucket --since 7d
      haechi investigate 3f2a9c1b ./logs              보관된 결과를 처음 발견된 시각을 기준으로
help-investigate-entity = ARN, 액세스 키, 주소, 인스턴스, 버킷, 계정 또는 보관된 결과의 ID
help-investigate-sources = 로그의 파일, 폴더 또는 s3://BUCKET/PREFIX
help-investigate-around = 기준 시각(2026-11-22, 2026-11-22T09:30+09:00, 3일 전은 3d) [기본값: 결과의 시각, 없으면 로그에 마지막으로 나타난 시각]
help-investigate-before-span = 기준 시각 이전 이만큼을 자세히 표시. 그보다 앞은 평소 습관으로 사용
help-investigate-after-span = 기준 시각 이후 이만큼을 자세히 표시
help-investigate-intel = 목록: NAME=FILE 또는 목록 이름의 파일(tor-exits.txt)이 있는 폴더. 반복 가능
help-investigate-geo = 주소별 위치와 네트워크 데이터베이스(.mmdb). 반복 가능
help-investigate-trusted = 결과의 근거로 삼지 않을 주소와 범위, 한 줄에 하나. 반복 가능
help-investigate-since = 이 시각부터(2026-11-22, 2026-11-22T09:30+09:00, 3일 전은 3d)
help-investigate-until = 이 시각까지
help-investigate-strict = 읽지 못한 것이 있으면 2로 종료
help-investigate-format = 출력 형식: table, json
threats-nothing-new = 새로운 것 없음: 파일 { $files }개(이벤트 { $events }건)는 이전에 읽고 저장했습니다
